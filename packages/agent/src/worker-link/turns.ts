import { PatchError } from '@linux-patch/contract';

/** Lets so many work at a time, and so many wait for it. */
export interface TurnLimits {
  readonly atOnce: number;
  readonly waiting: number;
}

/** Gives work its turn, in the order in which it came. */
export interface Turns {
  /** @throws PatchError `WORKER_UNAVAILABLE` at once when too many wait already */
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurns({ atOnce, waiting }: TurnLimits): Turns {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    async take(work) {
      if (running >= atOnce) {
        if (queue.length >= waiting) throw crowded(running + queue.length);
        const { promise, resolve } = Promise.withResolvers<void>();
        queue.push(resolve);
        await promise;
      } else running += 1;
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}

function crowded(count: number): PatchError {
  return new PatchError(
    'WORKER_UNAVAILABLE',
    `${count} questions about packages are being answered or wait already. Ask again in a moment.`,
  );
}
