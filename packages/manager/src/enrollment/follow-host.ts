import { type CertificateFacts, canonicalIpAddress, type RequestFacts } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';

/**
 * Takes up the address that a host asks a new certificate for, when it is another one than its certificate names: the host
 * has moved. What its proof has shown is the key of the record, so nobody else says so. An address that no host may have,
 * or that another host of the fleet has, changes nothing; the renewal goes on with the old one. Give the transaction.
 */
export async function followHost(
  context: EnrollmentContext,
  db: Database,
  asked: {
    readonly host: HostRow;
    readonly certificate: CertificateFacts;
    readonly key: RequestFacts;
    readonly observedAddress: string;
  },
): Promise<HostRow> {
  const { host, certificate, key } = asked;
  const [address, ...more] = key.ipAddresses;
  if (address === undefined || more.length > 0 || certificate.ipAddresses.includes(address)) return host;
  if (address === canonicalIpAddress(host.ip_address)) return host;
  const reason = context.authority.nameRules.faultOf(address) ?? (await ownerOf(db, host, address));
  const fields = {
    host: host.id,
    fqdn: host.fqdn,
    ip_address: address,
    previous_address: host.ip_address,
    observed_address: asked.observedAddress,
  };
  if (reason !== undefined) {
    await context.audit.record(db, {
      actor: key.keyId,
      event: 'host_address_refused',
      fields: { ...fields, reason },
    });
    return host;
  }
  await db.updateTable('hosts').set({ ip_address: address }).where('id', '=', host.id).execute();
  await context.audit.record(db, { actor: key.keyId, event: 'host_moved', fields });
  return { ...host, ip_address: address };
}

/** The other host at an address, as a clause. */
async function ownerOf(db: Database, host: HostRow, address: string): Promise<string | undefined> {
  const other = await db
    .selectFrom('hosts')
    .select('fqdn')
    .where('id', '!=', host.id)
    .where('left_at', 'is', null)
    .where('ip_address', '=', address)
    .where('agent_port', '=', host.agent_port)
    .executeTakeFirst();
  return other && `the address of ${other.fqdn}`;
}
