import { PatchError } from '@linux-patch/contract';
import { createRequestBuckets } from '@linux-patch/http';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';

/** Addresses remembered at once; the ones longest unheard of are forgotten first. */
const MAX_ADDRESSES = 50_000;

/** A bucket of requests per caller's address, of IPv6 per /64. */
export interface RateLimit {
  /** @throws PatchError `RATE_LIMIT_EXCEEDED` that says when to come back. */
  admit(address: string): void;
}

/** `perMinute` requests a minute, all of them at once if need be. */
export function createRateLimit(options: { readonly perMinute: number; readonly clock: Clock }): RateLimit {
  const buckets = createRequestBuckets(options.clock, MAX_ADDRESSES);
  return {
    admit(address) {
      const caller = addressPrefix(address);
      const waitSeconds = buckets.take(caller, options.perMinute);
      if (waitSeconds === 0) return;
      throw new PatchError(
        'RATE_LIMIT_EXCEEDED',
        `Too many requests from ${caller}; come back in ${waitSeconds} s.`,
        { details: { retry_after_seconds: waitSeconds } },
      );
    },
  };
}
