import { MINUTE_MS } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Token buckets by caller: a whole minute's worth of requests may come at once. */
export interface RequestBuckets {
  /** Takes one request; the answer is 0, or in how many seconds to come back (at least 1). */
  take(caller: string, perMinute: number): number;
}

/** @param maxCallers remembered at once; the one longest unheard of is forgotten first */
export function createRequestBuckets(clock: Clock, maxCallers: number): RequestBuckets {
  const buckets = new Map<string, Bucket>();
  const refilled = (caller: string, perMinute: number): Bucket => {
    const nowMs = clock.monotonicMs();
    const bucket = buckets.get(caller) ?? { tokens: perMinute, filledAtMs: nowMs };
    const refill = ((nowMs - bucket.filledAtMs) / MINUTE_MS) * perMinute;
    bucket.tokens = Math.min(perMinute, bucket.tokens + refill);
    bucket.filledAtMs = nowMs;
    buckets.delete(caller);
    buckets.set(caller, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > maxCallers && oldest !== undefined) buckets.delete(oldest);
    return bucket;
  };
  return {
    take(caller, perMinute) {
      const bucket = refilled(caller, perMinute);
      if (bucket.tokens < 1) return Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / perMinute));
      bucket.tokens -= 1;
      return 0;
    },
  };
}
