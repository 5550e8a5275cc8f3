import type { ClockWatch } from '../../src/clock/watch.ts';

/** A clock that nobody doubts: the manual one and the real one of a double's answers differ. */
export const undoubtedClock: ClockWatch = {
  verdict: { state: 'ok', message: 'ok' },
  managerNowMs: undefined,
  look: async () => {},
  heard: () => {},
  compare: () => false,
  moved: (signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
};
