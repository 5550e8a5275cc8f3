import { pickIds } from '../id-set.ts';

/** What a host has installed, as of a revision of it. */
export interface HostSet {
  readonly hostId: string;
  /** Grows with each set that differs from the one before. */
  readonly rev: number;
  /** See `encodeIds`. */
  readonly ids: Uint8Array;
}

/** Hosts that have package versions, by the id of the version. */
export type Holding = ReadonlyMap<number, readonly string[]>;

/** Which package versions are wanted, and what stands in their place; the ids of each. */
export interface Wanted {
  /** Any of these will do. */
  readonly good: readonly number[];
  /** Of these nobody knows whether they do. */
  readonly unclear: readonly number[];
  /** These do not. */
  readonly older: readonly number[];
}

/** Hosts that lack what is wanted. */
export interface Lacking {
  /** With those of `older` that they have. */
  readonly hosts: ReadonlyMap<string, readonly number[]>;
  /** Hosts of which nobody knows. */
  readonly unclear: readonly string[];
}

/** What every host has installed, in memory: about as many bytes as packages. */
export interface Sets {
  /** How often a set changed; the same number means the same sets. */
  readonly revision: number;
  /** Takes a set, unless a newer one of that host is known, or its record was removed. */
  put(set: HostSet): void;
  /** Removes a host for good. */
  forget(hostId: string): void;
  /** Which hosts have which of these package versions; versions that none has are left out. */
  holding(ids: readonly number[]): Holding;
  /** Which hosts lack what is wanted; one that was never listed is not among them. */
  lacking(wanted: Wanted): Lacking;
  /** How many hosts have each of these package versions. */
  count(ids: readonly number[], except: readonly string[]): Map<number, number>;
}

const FORGOTTEN = Number.POSITIVE_INFINITY;
const NOTHING = new Uint8Array();

export function createSets(): Sets {
  const sets = new Map<string, Omit<HostSet, 'hostId'>>();
  let revision = 0;
  const keep = (hostId: string, set: Omit<HostSet, 'hostId'>): void => {
    if ((sets.get(hostId)?.rev ?? -1) >= set.rev) return;
    sets.set(hostId, set);
    revision += 1;
  };
  const each = function* (ids: readonly number[]): Generator<readonly [string, readonly number[]]> {
    const wanted = [...new Set(ids)].sort((a, b) => a - b);
    for (const [hostId, { rev, ids: bytes }] of sets)
      if (rev !== FORGOTTEN) yield [hostId, pickIds(bytes, wanted)];
  };
  return {
    get revision() {
      return revision;
    },
    put: ({ hostId, rev, ids }) => keep(hostId, { rev, ids }),
    forget: (hostId) => keep(hostId, { rev: FORGOTTEN, ids: NOTHING }),
    holding(ids) {
      const holding = new Map<number, string[]>();
      for (const [hostId, picked] of each(ids)) {
        for (const id of picked) {
          const hosts = holding.get(id);
          if (hosts) hosts.push(hostId);
          else holding.set(id, [hostId]);
        }
      }
      return holding;
    },
    lacking({ good, unclear, older }) {
      const isGood = new Set(good);
      const isUnclear = new Set(unclear);
      const hosts = new Map<string, readonly number[]>();
      const unclearHosts: string[] = [];
      for (const [hostId, picked] of each([...good, ...unclear, ...older])) {
        if (picked.some((id) => isGood.has(id))) continue;
        if (picked.some((id) => isUnclear.has(id))) unclearHosts.push(hostId);
        else hosts.set(hostId, picked);
      }
      return { hosts, unclear: unclearHosts };
    },
    count(ids, except) {
      const left = new Set(except);
      const counts = new Map<number, number>();
      for (const [hostId, picked] of each(ids)) {
        if (left.has(hostId)) continue;
        for (const id of picked) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return counts;
    },
  };
}
