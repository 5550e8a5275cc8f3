import { keyConflict, type NamedRequest } from '@linux-patch/worker';

interface Named {
  readonly named?: NamedRequest | undefined;
  readonly core: { readonly job_id: string };
}

/** What a key names; undefined when it names nothing. */
export function findKey<T extends Named>(entries: Iterable<T>, key: string): T | undefined {
  for (const entry of entries) if (entry.named?.key === key) return entry;
  return undefined;
}

/**
 * What became of a request of this name; undefined when there was none.
 * @throws PatchError `IDEMPOTENCY_CONFLICT` when the key belongs to another request
 */
export function findNamed<T extends Named>(
  entries: Iterable<T>,
  { key, digest }: NamedRequest,
): T | undefined {
  const entry = findKey(entries, key);
  if (entry && entry.named?.digest !== digest) throw keyConflict(entry.core.job_id);
  return entry;
}
