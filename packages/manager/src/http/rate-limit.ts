import { PatchError } from '@linux-patch/contract';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';

const MINUTE_MS = 60_000;
/** Addresses remembered at once; the ones longest unheard of are forgotten first. */
const MAX_ADDRESSES = 50_000;

/** A bucket of requests per caller's address, of IPv6 per /64. */
export interface RateLimit {
  /** @throws PatchError `RATE_LIMIT_EXCEEDED` that says when to come back. */
  admit(address: string): void;
}

/** Token buckets: `perMinute` requests a minute, all of them at once if need be. */
export function createRateLimit(options: { readonly perMinute: number; readonly clock: Clock }): RateLimit {
  const buckets = new Map<string, { left: number; atMs: number }>();
  const perMs = options.perMinute / MINUTE_MS;
  return {
    admit(address) {
      const caller = addressPrefix(address);
      const nowMs = options.clock.monotonicMs();
      const known = buckets.get(caller);
      const left = known
        ? Math.min(options.perMinute, known.left + (nowMs - known.atMs) * perMs)
        : options.perMinute;
      buckets.delete(caller);
      buckets.set(caller, { left: Math.max(0, left - 1), atMs: nowMs });
      if (buckets.size > MAX_ADDRESSES) buckets.delete(buckets.keys().next().value ?? caller);
      if (left >= 1) return;
      const seconds = Math.ceil((1 - left) / perMs / 1000);
      throw new PatchError(
        'RATE_LIMIT_EXCEEDED',
        `Too many requests from ${caller}; come back in ${seconds} s.`,
        {
          details: { retry_after_seconds: seconds },
        },
      );
    },
  };
}
