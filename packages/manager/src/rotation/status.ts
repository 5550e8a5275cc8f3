import type { AuthorityStatus, CertificateAuthority } from '@linux-patch/contract';
import { type CertificateFacts, parseCertificates } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';
import type { Authority } from '../authority/authority.ts';
import type { Ca, RetiredCa } from '../authority/ca-store.ts';
import { rotationDueMs } from '../authority/issuing.ts';
import { isPinAlive, issuerFor } from '../authority/trust.ts';
import type { Database } from '../database/open.ts';
import type { Followers } from './followers.ts';
import { needOf } from './need.ts';

export interface StatusOptions {
  readonly authority: Authority;
  readonly followers: Followers;
  readonly db: Database;
  readonly clock: Clock;
  readonly agentDays: number;
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

function datesOf(certificate: CertificateFacts) {
  return {
    subject: certificate.subject,
    serial: certificate.serialHex,
    not_before: iso(certificate.notBeforeMs),
    not_after: iso(certificate.notAfterMs),
  };
}

/** How many hosts have their newest certificate from each CA. */
async function hostsByCa({ db, clock }: StatusOptions): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('certificates')
    .innerJoin('hosts', 'hosts.id', 'certificates.host_id')
    .select(['certificates.host_id', 'certificates.ca'])
    .where('revoked_at', 'is', null)
    .where('not_after', '>', clock.now())
    .orderBy('issued_at')
    .execute();
  const newest = new Map(rows.map((row) => [row.host_id, row.ca]));
  const counts = new Map<string, number>();
  for (const ca of newest.values()) counts.set(ca, (counts.get(ca) ?? 0) + 1);
  return counts;
}

function isRetired(ca: Ca | RetiredCa): ca is RetiredCa {
  return 'why' in ca;
}

function roleOf({ store }: Authority, ca: Ca | RetiredCa): CertificateAuthority['role'] {
  if (isRetired(ca)) return ca.why;
  return ca.id === store.current.id ? 'current' : 'next';
}

async function ownCertificates(authority: Authority): Promise<AuthorityStatus['own_certificates']> {
  const id = issuerFor(authority.store, 'manager').id;
  const pairs = { client: await authority.clientPair(), web: await authority.webPair() };
  return Object.entries(pairs).flatMap(([name, { certificatePem }]) => {
    const [leaf] = parseCertificates(certificatePem);
    return leaf ? [{ name, serial: leaf.serialHex, not_after: iso(leaf.notAfterMs), authority: id }] : [];
  });
}

/** When the replacement of the present root has to begin, epoch milliseconds. */
export function rotationDue(authority: Authority, agentDays: number): number {
  return rotationDueMs(authority.store.current.rootFacts, agentDays);
}

/** The CAs, who uses what, and who has not followed. */
export async function readAuthorityStatus(options: StatusOptions): Promise<AuthorityStatus> {
  const { authority, followers, clock } = options;
  const { store } = authority;
  const counts = await hostsByCa(options);
  const need = needOf(authority);
  const progress = need && (await followers.laggards(need));
  const behind = progress?.behind ?? [];
  const all = await options.db
    .selectFrom('hosts')
    .select((select) => select.fn.countAll<number>().as('number'))
    .where('left_at', 'is', null)
    .executeTakeFirstOrThrow();
  const dueMs = rotationDue(authority, options.agentDays);
  const cas = [store.current, ...(store.next ? [store.next] : []), ...store.retired];
  return {
    phase: store.state.phase,
    phase_since: store.state.since,
    authorities: cas.map((ca) => ({
      id: ca.id,
      role: roleOf(authority, ca),
      fingerprint: ca.fingerprint,
      pin_works: isRetired(ca) ? isPinAlive(ca, clock.now()) : true,
      root: datesOf(ca.rootFacts),
      issuing: datesOf(ca.issuingFacts),
      hosts: counts.get(ca.id) ?? 0,
      issues_to: (['manager', 'hosts'] as const).filter((whose) => issuerFor(store, whose).id === ca.id),
    })),
    own_certificates: await ownCertificates(authority),
    rotation_due_at: iso(dueMs),
    rotation_due: clock.now() >= dueMs,
    hosts: Number(all.number),
    followed: Number(all.number) - behind.length,
    laggards: behind.map(({ fqdn, reason }) => ({ host: fqdn, reason })),
  };
}
