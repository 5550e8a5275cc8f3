import { createHash } from 'node:crypto';
import { MINUTE_MS } from '@linux-patch/contract';

/** When a host was asked last, and seen since. Epoch milliseconds. */
export interface AskedHost {
  readonly id: string;
  /** Undefined before it was asked for the first time. */
  readonly checkedAtMs: number | undefined;
  readonly failed: boolean;
  readonly seenAtMs: number | undefined;
}

/** A host whose listing failed and that answered something since is not kept waiting for its turn. */
const RETRY_MS = 10 * MINUTE_MS;

/** Where in each interval the turn of a host is; the same whatever is restarted, and spread over the fleet. */
export function offsetOf(hostId: string, intervalMs: number): number {
  const draw = createHash('sha256').update(hostId).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(draw * intervalMs);
}

/** Whether a host is to be listed now: it was not asked since its last turn, or never. */
export function isDue(host: AskedHost, intervalMs: number, nowMs: number): boolean {
  const { id, checkedAtMs, failed, seenAtMs = 0 } = host;
  // What is in the future was written down by a clock that was wrong.
  if (checkedAtMs === undefined || checkedAtMs > nowMs) return true;
  if (failed && seenAtMs > checkedAtMs && nowMs - checkedAtMs >= RETRY_MS) return true;
  const offset = offsetOf(id, intervalMs);
  const turnMs = Math.floor((nowMs - offset) / intervalMs) * intervalMs + offset;
  return checkedAtMs < turnMs;
}
