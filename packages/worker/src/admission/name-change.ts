import { createHash } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import type { NamedRequest } from '../jobs/named-request.ts';

/**
 * Names a request; undefined when its caller gave it no name.
 * @param request.line method, path and query, as they came
 */
export function nameChange(request: {
  readonly line: string;
  readonly idempotencyKey?: string | undefined;
  readonly body: Uint8Array;
}): NamedRequest | undefined {
  const { line, idempotencyKey: key, body } = request;
  if (key === undefined) return undefined;
  return { key, digest: createHash('sha256').update(`${line}\n`).update(body).digest('hex') };
}

/** @param job what that other request became */
export function keyConflict(job: string): PatchError {
  return new PatchError(
    'IDEMPOTENCY_CONFLICT',
    'The Idempotency-Key of this request was used for another one, so nothing was started. ' +
      'A key names one change: repeat that change unaltered, or send this one with a key of its own.',
    { details: { job_id: job } },
  );
}
