import { createHash } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import type { NamedRequest } from '@linux-patch/worker';

/**
 * Names a request.
 * @param request.line method, path and query, as they came
 */
export function nameRequest(
  key: string,
  request: { readonly line: string; readonly bodyText: string },
): NamedRequest {
  return {
    key,
    digest: createHash('sha256').update(`${request.line}\n${request.bodyText}`).digest('hex'),
  };
}

/**
 * What became of a request of this name; undefined when there was none.
 * @throws PatchError `IDEMPOTENCY_CONFLICT` when the key belongs to another request
 */
export function findNamed<
  T extends { readonly named?: NamedRequest | undefined; readonly core: { readonly job_id: string } },
>(entries: Iterable<T>, { key, digest }: NamedRequest): T | undefined {
  for (const entry of entries) {
    if (entry.named?.key !== key) continue;
    if (entry.named.digest === digest) return entry;
    throw new PatchError(
      'IDEMPOTENCY_CONFLICT',
      'The Idempotency-Key of this request was used for another one, so nothing was started. ' +
        'A key names one change: repeat that change unaltered, or send this one with a key of its own.',
      { details: { job_id: entry.core.job_id } },
    );
  }
  return undefined;
}
