import type { Host } from '@linux-patch/contract';
import type { KnownHost } from '../hosts/known-host.ts';
import { deniesByPolicy } from '../patch/denies-by-policy.ts';
import { whyNotPatch } from '../patch/why-not-patch.ts';

/** What is installed. */
export type ActKind = 'security' | 'all';

/** Which of some hosts an act is for, and why not for the others. */
export interface Chosen {
  readonly meant: readonly KnownHost[];
  /** How many of these nobody can say anything of. */
  readonly unknown: number;
  /** Groups that these are in, each with how many, the largest first. */
  readonly groups: readonly (readonly [group: string, hosts: number])[];
  /** What people wrote about some of these, each with about how many of them, the most first. */
  readonly notes: readonly (readonly [note: string, hosts: number])[];
  /** Reasons, each with how many hosts have it, in the order of the hosts. */
  readonly leftOut: readonly (readonly [reason: string, hosts: number])[];
}

/** Hosts that were found, and what is on record of each. */
export interface FoundHosts {
  readonly hosts: readonly KnownHost[];
  readonly records: ReadonlyMap<string, Host>;
  /** Why somebody may not change a host; undefined when they may. */
  readonly mayNot: (host: Host) => string | undefined;
}

/** Each fits behind one host and behind many. */
const REASONS = {
  left: 'that left the fleet',
  rights: 'that your role is not for',
  refuses: 'that cannot take a change of this manager now, as their own pages say',
  policy: 'that no manager may update, by their own policy',
  current: 'on which nothing waits',
  security: 'on which no security update waits',
} as const;

function whyLeftOut(host: KnownHost, kind: ActKind, { records, mayNot }: FoundHosts): string | undefined {
  const record = records.get(host.id);
  if (host.state === 'left' || !record) return REASONS.left;
  if (mayNot(record) !== undefined) return REASONS.rights;
  if (whyNotPatch(record) !== undefined) return REASONS.refuses;
  if (deniesByPolicy(record, 'update')) return REASONS.policy;
  if (host.state === 'current') return REASONS.current;
  if (kind === 'security' && host.securityUpdates === 0) return REASONS.security;
  return undefined;
}

/** How often each text is there, in the order in which they come first. */
function timesOf(texts: readonly string[]): (readonly [text: string, times: number])[] {
  const times = new Map<string, number>();
  for (const text of texts) times.set(text, (times.get(text) ?? 0) + 1);
  return [...times];
}

const mostFirst = (counted: ReturnType<typeof timesOf>) => counted.toSorted(([, a], [, b]) => b - a);

/** Leaves out those that cannot be changed, and those of which it is known that nothing waits on them. */
export function chooseForAct(found: FoundHosts, kind: ActKind): Chosen {
  const meant: KnownHost[] = [];
  const leftOut: string[] = [];
  for (const host of found.hosts) {
    const reason = whyLeftOut(host, kind, found);
    if (reason === undefined) meant.push(host);
    else leftOut.push(reason);
  }
  return {
    meant,
    unknown: meant.filter(({ state }) => state === 'unknown').length,
    groups: mostFirst(timesOf(meant.flatMap(({ groups }) => groups))),
    notes: mostFirst(timesOf(meant.flatMap(({ id }) => found.records.get(id)?.note ?? []))),
    leftOut: timesOf(leftOut),
  };
}
