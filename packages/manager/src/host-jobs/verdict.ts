import { type ErrorCode, isPatchError, messageOf } from '@linux-patch/contract';
import { isOpen } from '../fleet-client/unreachable.ts';
import type { NoJob } from './store.ts';

/** What is about this manager, and not about what the host answered. */
const OURS: readonly ErrorCode[] = [
  'DATABASE_UNAVAILABLE',
  'DISK_FULL',
  'INTERNAL_ERROR',
  'SERVICE_UNHEALTHY',
];
/** Another installation, or another request under the key: what became of an earlier call is not to be learnt. */
const NOT_THE_SAME: readonly ErrorCode[] = ['INSTANCE_MISMATCH', 'IDEMPOTENCY_CONFLICT'];
/** What a host says before it has looked whether it did this already: nothing of an earlier call. */
const BEFORE_IT_LOOKED: readonly ErrorCode[] = [
  'AGENT_UNREACHABLE',
  'AGENT_ERROR',
  'SIGNATURE_INVALID',
  'SIGNATURE_REQUIRED',
];

/**
 * What a failed call says of the request; undefined while the host may have begun it, or may yet say.
 * @param earlier whether it may have got the request by an earlier call
 */
export function verdictOf(error: unknown, { earlier }: { readonly earlier: boolean }): NoJob | undefined {
  if (!isPatchError(error) || OURS.includes(error.code)) return undefined;
  const { code } = error;
  const message = messageOf(error);
  if (earlier && BEFORE_IT_LOOKED.includes(code)) return undefined;
  if (code === 'AGENT_UNREACHABLE' && isOpen(error)) return undefined;
  const state = earlier && NOT_THE_SAME.includes(code) ? 'unknown' : 'not_begun';
  return { state, code, message };
}
