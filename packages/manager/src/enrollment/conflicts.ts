import { isIP } from 'node:net';
import { compromisedKeys } from '../certificates/revoked-keys.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import { ownNamesIn } from './host-record.ts';
import { shownExtension } from './transcript.ts';

/** Says, for a waiting request, which hosts and other requests claim the same name, address or machine. */
export type ConflictFinder = (row: EnrollmentRow) => string[];

function groupBy<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keysOf(item)) groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

function collect<T>(groups: ReadonlyMap<string, readonly T[]>, keys: readonly string[]): T[] {
  return [...new Set(keys.flatMap((key) => groups.get(key) ?? []))];
}

function keysOf(claim: { readonly fqdn: string; readonly machine_id: string }): string[] {
  return [`name ${claim.fqdn}`, `machine ${claim.machine_id}`];
}

/** Reads hosts and waiting requests once, so that a long queue costs no query per row. */
export async function readConflicts(context: EnrollmentContext): Promise<ConflictFinder> {
  const hosts = await context.db
    .selectFrom('hosts')
    .select(['fqdn', 'ip_address', 'machine_id', 'last_seen_at'])
    .where('left_at', 'is', null)
    .execute();
  const requests = await context.db
    .selectFrom('enrollments')
    .select(['id', 'fqdn', 'key_id', 'machine_id'])
    .where('state', '=', 'pending')
    .where('expires_at', '>=', context.clock.now())
    .execute();
  const compromised = await compromisedKeys(context.db);
  const hostsBy = groupBy(hosts, (host) => [...keysOf(host), `address ${host.ip_address}`]);
  const requestsBy = groupBy(requests, keysOf);
  return (row) => {
    if (row.state !== 'pending') return [];
    const cloneOf = shownExtension(row)?.clone_of;
    const stolen = compromised.get(row.spki_sha256 ?? '');
    return [
      ...(stolen === undefined ? [] : [`its key was revoked as compromised, with certificate ${stolen}`]),
      ...(cloneOf === undefined
        ? []
        : [`it is a clone: the certificates of another host, key id ${cloneOf}, lie on it`]),
      ...ownNamesIn(context.authority, row).map(
        (name) => `${name} is ${isIP(name) === 0 ? 'a name' : 'an address'} of this manager`,
      ),
      ...collect(hostsBy, [...keysOf(row), `address ${row.ip_address}`]).map(
        (host) =>
          `host ${host.fqdn} (${host.ip_address})${host.machine_id === row.machine_id ? ', same machine-id' : ''}, ` +
          (host.last_seen_at === null
            ? 'never reached yet'
            : `last reached at ${new Date(host.last_seen_at).toISOString()}`),
      ),
      ...collect(requestsBy, keysOf(row))
        .filter((other) => other.id !== row.id)
        .map((other) => `request ${other.id} of ${other.fqdn}, key ${other.key_id ?? 'unknown'}`),
    ];
  };
}
