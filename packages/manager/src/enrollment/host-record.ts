import { isIP } from 'node:net';
import { OsDetails, PatchError } from '@linux-patch/contract';
import type { Authority } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow, HostRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { agentPortOf, type Claim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import { extensionOf } from './transcript.ts';

/** How sure the administrator is that this is the host it says it is. */
export interface Assurance {
  /** The administrator said so. */
  readonly replace: boolean;
  /** The host's own code was typed. */
  readonly verified: boolean;
}

/**
 * The host record that this request would take over; undefined when it would become a new host. A host that left by
 * itself stands in nobody's way: none of its certificates is good any more.
 * @throws PatchError `HOST_CONFLICT`
 */
export async function findHost(
  context: EnrollmentContext,
  db: Database,
  claim: Claim,
  assurance: Assurance,
): Promise<HostRow | undefined> {
  refuseOwnName(context, claim, assurance);
  const hosts = await db
    .selectFrom('hosts')
    .selectAll()
    .where((where) =>
      where.or([
        where('fqdn', '=', claim.fqdn),
        where('ip_address', '=', claim.ip_address),
        where('machine_id', '=', claim.machine_id),
      ]),
    )
    .execute();
  const same = hosts.find((host) => host.fqdn === claim.fqdn);
  const others = hosts.filter((host) => host !== same);
  const other = others.find((host) => host.left_at === null && isAtSameAddress(host, claim));
  if (other && !assurance.replace) {
    throw new PatchError(
      'HOST_CONFLICT',
      `${claim.ip_address} already belongs to ${other.fqdn}. If that host is gone, moved or renamed, approve with --replace.`,
      { details: { host_id: other.id, fqdn: other.fqdn } },
    );
  }
  if (same && same.left_at === null && !assurance.replace)
    await refuseUnlessSure(context, db, { same, claim, assurance });
  if (same || !assurance.replace) return same;
  // A host that was re-installed under another name: its machine-id says which record it had.
  const renamed = others.filter((host) => host.machine_id === claim.machine_id);
  return renamed.length === 1 ? renamed[0] : undefined;
}

function isAtSameAddress(host: HostRow, claim: Claim): boolean {
  return host.ip_address === claim.ip_address && host.agent_port === agentPortOf(claim);
}

/**
 * Without the word of an administrator a record is taken over only by the machine it is about, shown by its code, and
 * only when the old key cannot be in use beside it: a copy of a machine has the same machine-id and a code of its own.
 */
async function refuseUnlessSure(
  context: EnrollmentContext,
  db: Database,
  { same, claim, assurance }: { same: HostRow; claim: Claim; assurance: Assurance },
): Promise<void> {
  const details = { host_id: same.id, fqdn: same.fqdn };
  if (same.machine_id !== claim.machine_id || !assurance.verified) {
    throw new PatchError(
      'HOST_CONFLICT',
      `There is already a host ${claim.fqdn}, with ${same.machine_id === claim.machine_id ? 'the same' : 'another'} machine-id. ` +
        'If this is that host with a new key, approve with its code, or with --replace; its history stays.',
      { details },
    );
  }
  if (extensionOf(claim)?.clone_of !== undefined) {
    throw new PatchError(
      'HOST_CONFLICT',
      `${claim.fqdn} is a clone: certificates of another host lie on it. Give it a name and a machine-id of its own, and it asks anew. ` +
        'If it is to take the place of that host, approve with --replace.',
      { details },
    );
  }
  if (isAtSameAddress(same, claim)) return;
  const now = context.clock.now();
  const alive = await db
    .selectFrom('certificates')
    .select('serial')
    .where('host_id', '=', same.id)
    .where('revoked_at', 'is', null)
    .where('not_after', '>', now)
    .executeTakeFirst();
  if (!alive) return;
  const seen =
    same.last_seen_at === null
      ? 'It has not been reached yet'
      : `It was last reached at ${new Date(same.last_seen_at).toISOString()}`;
  throw new PatchError(
    'HOST_CONFLICT',
    `${claim.fqdn} is known at ${same.ip_address} with another key, whose certificate ${alive.serial} is valid. ${seen}. ` +
      'If that host was re-installed or moved, approve with --replace: its history stays, and the old certificate is revoked when the new one is installed. ' +
      'If it still runs, this request comes from a copy of it: deny it, and give the copy a machine-id and a name of its own.',
    { details },
  );
}

/** Agents believe a certificate of this CA with the manager's name or address to be the manager; only its own machine may have one. */
function refuseOwnName({ authority }: EnrollmentContext, claim: Claim, assurance: Assurance): void {
  const taken = ownNamesIn(authority, claim)[0];
  if (taken === undefined || assurance.verified || assurance.replace) return;
  throw new PatchError(
    'HOST_CONFLICT',
    `${taken} is ${isIP(taken) === 0 ? 'a name' : 'an address'} of this manager. If the agent runs on the manager's own machine, approve with its code, or with --replace; otherwise deny it.`,
    { details: { fqdn: claim.fqdn } },
  );
}

/** The manager's own names and addresses that a request claims. */
export function ownNamesIn(
  authority: Pick<Authority, 'ownNames' | 'ownAddresses'>,
  claim: Pick<Claim, 'fqdn' | 'ip_address'>,
): string[] {
  const own = [...authority.ownNames, ...authority.ownAddresses];
  return [claim.fqdn, claim.ip_address].filter((name) => own.includes(name));
}

/** Writes the host of an approved request and returns its id; a record taken over keeps its history. */
export async function saveHost(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  { known, hostname }: { readonly known: HostRow | undefined; readonly hostname: string | null },
): Promise<string> {
  const facts = {
    fqdn: row.fqdn,
    hostname,
    machine_id: row.machine_id,
    ip_address: row.ip_address,
    agent_port: agentPortOf(row),
    os_details: JSON.stringify(readStored(OsDetails, row.os_details, {})),
    key_origin: row.spki === null ? ('manager' as const) : ('host' as const),
  };
  if (known) {
    await db
      .updateTable('hosts')
      .set({ ...facts, left_at: null })
      .where('id', '=', known.id)
      .execute();
    return known.id;
  }
  const id = context.random.uuid();
  await db
    .insertInto('hosts')
    .values({
      id,
      ...facts,
      created_at: context.clock.now(),
      last_seen_at: null,
      last_error: null,
      left_at: null,
    })
    .execute();
  return id;
}
