import type { DictionaryEntry } from './dictionary.ts';

/** A job that has ended, of this manager or of root of the host, and what it says it did. */
export interface EndedJob {
  readonly jobId: string;
  readonly results: readonly {
    readonly name: string;
    readonly version_before: string | null;
    readonly version_after: string | null;
  }[];
}

/** Changes of one cause: a job, or null for what happened without any. */
export interface AttributedChange {
  readonly jobId: string | null;
  readonly removed: readonly number[];
  readonly added: readonly number[];
}

/** By which name a job speaks of a package, in one version. */
function keysOf({ name, arch, version }: Pick<DictionaryEntry, 'name' | 'arch' | 'version'>): string[] {
  return [`${name} ${version}`, `${name}:${arch} ${version}`];
}

/** Says which changes which job made. A job answers for a package only in the version it says it took away or brought. */
export function attribute(
  change: { readonly removed: readonly DictionaryEntry[]; readonly added: readonly DictionaryEntry[] },
  jobs: readonly EndedJob[],
): AttributedChange[] {
  const took = new Map<string, string>();
  const brought = new Map<string, string>();
  for (const { jobId, results } of jobs) {
    for (const { name, version_before, version_after } of results) {
      if (version_before === version_after) continue;
      if (version_before !== null) took.set(`${name} ${version_before}`, jobId);
      if (version_after !== null) brought.set(`${name} ${version_after}`, jobId);
    }
  }
  const causeIn = (said: ReadonlyMap<string, string>, entry: DictionaryEntry): string | null =>
    keysOf(entry)
      .map((key) => said.get(key))
      .find((jobId) => jobId !== undefined) ?? null;
  const removed = Map.groupBy(change.removed, (entry) => causeIn(took, entry));
  const added = Map.groupBy(change.added, (entry) => causeIn(brought, entry));
  return [...new Set([...removed.keys(), ...added.keys()])].map((jobId) => ({
    jobId,
    removed: (removed.get(jobId) ?? []).map(({ id }) => id),
    added: (added.get(jobId) ?? []).map(({ id }) => id),
  }));
}
