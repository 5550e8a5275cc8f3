import { PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';

export interface RateLimits {
  readonly readsPerMinute: number;
  /** POST, PUT and DELETE. */
  readonly changesPerMinute: number;
}

/** Paths that probes and reconnecting managers call without a limit. */
const EXEMPT_PATHS: ReadonlySet<string> = new Set(['/health', '/api/v1/system/info']);
const MINUTE_MS = 60_000;
/** Clients remembered; the one idle longest is forgotten first, with a bucket that is full again by then. */
const MAX_CLIENTS = 4_096;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * A token bucket per client (address and certificate) for reads and one for changes. A whole minute's worth may
 * come at once.
 */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws PatchError `RATE_LIMIT_EXCEEDED` with `details.retry_after_seconds`. */
  admit(client: string, request: { readonly method: string; readonly path: string }): void {
    if (EXEMPT_PATHS.has(request.path)) return;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const perMinute = isRead ? this.#limits.readsPerMinute : this.#limits.changesPerMinute;
    const bucket = this.#bucket(`${isRead ? 'read' : 'change'} ${client}`, perMinute);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return;
    }
    const waitSeconds = Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / perMinute));
    throw new PatchError(
      'RATE_LIMIT_EXCEEDED',
      `More than ${perMinute} ${isRead ? 'reads' : 'changes'} a minute from this client; come back in ${waitSeconds} s.`,
      { details: { retry_after_seconds: waitSeconds, limit_per_minute: perMinute } },
    );
  }

  #bucket(key: string, perMinute: number): Bucket {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#buckets.get(key) ?? { tokens: perMinute, filledAtMs: nowMs };
    const refill = ((nowMs - known.filledAtMs) / MINUTE_MS) * perMinute;
    known.tokens = Math.min(perMinute, known.tokens + refill);
    known.filledAtMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, known);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_CLIENTS && oldest !== undefined) this.#buckets.delete(oldest);
    return known;
  }
}
