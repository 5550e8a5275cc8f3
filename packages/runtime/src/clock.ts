/**
 * Time as a parameter. Wall-clock time follows NTP steps and is for dates only; durations are measured
 * with `monotonicMs`.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes back; only differences mean something. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds, or rejects with the signal's reason when it aborts first.
   * A negative or zero duration resolves on the next turn of the event loop.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
