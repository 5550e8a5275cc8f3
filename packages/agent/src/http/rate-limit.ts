import { PatchError } from '@linux-patch/contract';
import { createRequestBuckets } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';

export interface RateLimits {
  readonly readsPerMinute: number;
  /** POST, PUT and DELETE. */
  readonly changesPerMinute: number;
}

/** Paths that probes and reconnecting managers call without a limit. */
const EXEMPT_PATHS: ReadonlySet<string> = new Set(['/health', '/api/v1/system/info']);
/** Clients remembered; the bucket of one idle for long is full again by the time it is forgotten. */
const MAX_CLIENTS = 4_096;

/** Limits one client, an address with a certificate. */
export interface RateLimiter {
  /** @throws PatchError `RATE_LIMIT_EXCEEDED` with `details.retry_after_seconds`. */
  admit(client: string, request: { readonly method: string; readonly path: string }): void;
}

/** Buckets per client, one for reads and one for changes. */
export function createRateLimiter(limits: RateLimits, clock: Clock): RateLimiter {
  const buckets = createRequestBuckets(clock, MAX_CLIENTS);
  return {
    admit(client, { method, path }) {
      if (EXEMPT_PATHS.has(path)) return;
      const isRead = method === 'GET' || method === 'HEAD';
      const perMinute = isRead ? limits.readsPerMinute : limits.changesPerMinute;
      const waitSeconds = buckets.take(`${isRead ? 'read' : 'change'} ${client}`, perMinute);
      if (waitSeconds === 0) return;
      throw new PatchError(
        'RATE_LIMIT_EXCEEDED',
        `More than ${perMinute} ${isRead ? 'reads' : 'changes'} a minute from this client; come back in ${waitSeconds} s.`,
        { details: { retry_after_seconds: waitSeconds, limit_per_minute: perMinute } },
      );
    },
  };
}
