import { useSyncExternalStore } from 'react';

const SECOND_MS = 1_000;
/** Two clocks that differ by less count as the same: what is told of them are ages. */
const SAME_MS = 120 * SECOND_MS;
/** An answer that takes longer says too little of the time. */
const LONGEST_CALL_MS = 30 * SECOND_MS;

/**
 * How far the manager's clock is ahead of this device's, in milliseconds; 0 for clocks that agree, and undefined when an
 * answer does not tell.
 * @param answeredAt what the manager says of the time of its answer
 */
export function clockDifference(
  answeredAt: string | undefined,
  { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number },
): number | undefined {
  const answeredMs = Date.parse(answeredAt ?? '');
  const tookMs = receivedMs - sentMs;
  // A device whose clock was set meanwhile cannot say how long it took.
  if (Number.isNaN(answeredMs) || tookMs < 0 || tookMs > LONGEST_CALL_MS) return undefined;
  const aheadMs = answeredMs - (sentMs + tookMs / 2);
  return Math.abs(aheadMs) < SAME_MS ? 0 : aheadMs;
}

let aheadMs = 0;
const listeners = new Set<() => void>();

/** Takes the manager's clock from an answer: ages go by it, because it wrote down what they are counted from. */
export function noteManagerTime(...answer: Parameters<typeof clockDifference>): void {
  const difference = clockDifference(...answer);
  if (difference === undefined || Math.abs(difference - aheadMs) < SAME_MS) return;
  aheadMs = difference;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** How far the manager's clock is ahead of this device's, in milliseconds; 0 when they agree. */
export function useClockDifference(): number {
  return useSyncExternalStore(subscribe, () => aheadMs);
}
