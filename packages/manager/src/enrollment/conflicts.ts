import { isIP } from 'node:net';
import { compromisedAmong } from '../certificates/revoked-keys.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import { type Denial, lastDenials } from './earlier-denials.ts';
import { ownNamesIn } from './host-record.ts';
import { findSameHosts, findSameRequests, NAMED, type SameHost, type SameRequest } from './same-claims.ts';
import { shownExtension } from './transcript.ts';

/** What speaks against a request: the first of it in words, and how much there is. */
export interface Conflicts {
  readonly named: readonly string[];
  readonly total: number;
}

const NONE: Conflicts = { named: [], total: 0 };

/** Says, for requests, which hosts and other requests claim the same name, address or machine. */
export async function readConflicts(
  context: EnrollmentContext,
  rows: readonly EnrollmentRow[],
): Promise<(row: EnrollmentRow) => Conflicts> {
  const { db } = context;
  // Only what still waits can be in conflict.
  const open = rows.filter((row) => row.state === 'pending');
  if (open.length === 0) return () => NONE;
  const keys = open.flatMap((row) => row.spki_sha256 ?? []);
  const compromised = await compromisedAmong(db, keys);
  const denials = await lastDenials(db, keys);
  const sameRequests = await findSameRequests(db, context.clock.now(), open);
  const found = new Map<string, Conflicts>();
  for (const row of open) {
    const key = row.spki_sha256 ?? '';
    const about = aboutItself(context, row, { stolen: compromised.get(key), denied: denials.get(key) });
    const hosts = await findSameHosts(db, row);
    const requests = sameRequests(row);
    const words = [
      ...about,
      ...hosts.first.map((host) => hostWords(host, row)),
      ...requests.first.map(requestWords),
    ];
    const total = about.length + hosts.total + requests.total;
    found.set(row.id, { named: words.slice(0, NAMED), total });
  }
  return (row) => found.get(row.id) ?? NONE;
}

/** What speaks against a request by its own words, key and names. */
function aboutItself(
  { authority }: EnrollmentContext,
  row: EnrollmentRow,
  { stolen, denied }: { readonly stolen: string | undefined; readonly denied: Denial | undefined },
): string[] {
  const cloneOf = shownExtension(row)?.clone_of;
  return [
    ...(stolen === undefined ? [] : [`its key was revoked as compromised, with certificate ${stolen}`]),
    ...(denied === undefined
      ? []
      : [
          `this key was denied by ${denied.by} at ${new Date(denied.at).toISOString()}; its host asked once more`,
        ]),
    ...(cloneOf === undefined
      ? []
      : [`it is a clone: the certificates of another host, key id ${cloneOf}, lie on it`]),
    ...ownNamesIn(authority, row).map(
      (name) => `${name} is ${isIP(name) === 0 ? 'a name' : 'an address'} of this manager`,
    ),
  ];
}

function hostWords(host: SameHost, row: EnrollmentRow): string {
  const same = host.machine_id === row.machine_id ? ', same machine-id' : '';
  const seen =
    host.last_seen_at === null
      ? 'never reached yet'
      : `last reached at ${new Date(host.last_seen_at).toISOString()}`;
  return `host ${host.fqdn} (${host.ip_address})${same}, ${seen}`;
}

function requestWords(other: SameRequest): string {
  return `request ${other.id} of ${other.fqdn}, key ${other.key_id ?? 'unknown'}`;
}
