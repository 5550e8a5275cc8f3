import type { Clock } from '../clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];
  #watchers: (() => void)[] = [];

  constructor(nowMs: number = Date.UTC(2026, 10, 23, 12)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** How many callers are asleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Milliseconds until the next sleeper is due; undefined when nobody sleeps. */
  get nextWakeMs(): number | undefined {
    if (this.#sleepers.length === 0) return undefined;
    return Math.min(...this.#sleepers.map((sleeper) => sleeper.dueMs)) - this.#monotonicMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return promise;
    }
    const sleeper: Sleeper = { dueMs: this.#monotonicMs + Math.max(0, ms), wake: resolve };
    const leave = (): void => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', leave, { once: true });
    this.#sleepers.push(sleeper);
    for (const watcher of this.#watchers.splice(0)) watcher();
    return promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  /** Resolves when at least `count` callers are asleep: the code under test has come to rest. */
  async waitForSleepers(count = 1): Promise<void> {
    while (this.#sleepers.length < count) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Moves both clocks on, waking sleepers in order of their due time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const next = this.#sleepers.filter((one) => one.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      this.#step(next.dueMs - this.#monotonicMs);
      next.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#step(endMs - this.#monotonicMs);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves both clocks at once, as for a machine that was suspended: whoever was due meanwhile wakes once, at the end. */
  async leap(ms: number): Promise<void> {
    this.#step(ms);
    const due = this.#sleepers.filter((one) => one.dueMs <= this.#monotonicMs);
    this.#sleepers = this.#sleepers.filter((one) => !due.includes(one));
    for (const sleeper of due.sort((a, b) => a.dueMs - b.dueMs)) sleeper.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sets the wall clock as an NTP step would: nobody wakes, the monotonic clock does not move. */
  setWallClock(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  #step(ms: number): void {
    this.#monotonicMs += ms;
    this.#nowMs += ms;
  }
}
