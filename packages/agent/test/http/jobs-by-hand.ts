import type { JobContext, JobOutcome } from '@linux-patch/worker';
import { startWorld } from './world.ts';

/** A served world in which the test does the work of each job. */
export function startWithHands(options: Parameters<typeof startWorld>[0] = {}) {
  const begun: { context: JobContext; end: (outcome: JobOutcome) => void }[] = [];
  const started = startWorld({
    ...options,
    execute: (_request, context) => {
      const { promise, resolve } = Promise.withResolvers<JobOutcome>();
      begun.push({ context, end: resolve });
      context.signal.addEventListener('abort', () => resolve({ message: 'stopped' }));
      return promise;
    },
  });
  return { begun, started };
}
