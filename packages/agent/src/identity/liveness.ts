import type { Clock } from '@linux-patch/runtime';

/** Shows that the loop which keeps the certificate valid still runs; a program can serve for months without it. */
export interface Liveness {
  beat(): void;
  /** Time since the last beat; undefined before the first and after the loop ended as it should. */
  readonly ageMs: number | undefined;
  stop(): void;
}

/** Older than this means that the loop is dead: it beats several times a minute, and no request takes as long. */
export const LIVENESS_LIMIT_MS = 120_000;

export function createLiveness(clock: Clock): Liveness {
  let lastMs: number | undefined;
  return {
    beat() {
      lastMs = clock.monotonicMs();
    },
    get ageMs() {
      return lastMs === undefined ? undefined : clock.monotonicMs() - lastMs;
    },
    stop() {
      lastMs = undefined;
    },
  };
}
