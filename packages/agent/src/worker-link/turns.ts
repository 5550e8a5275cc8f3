import { PatchError } from '@linux-patch/contract';

/** Lets so many work at a time, and so many wait for it. */
export interface TurnLimits {
  readonly atOnce: number;
  readonly waiting: number;
}

/** Gives work its turn, in the order in which it came. */
export interface Turns {
  /**
   * @param signal gives up a turn that has not come
   * @throws PatchError `WORKER_UNAVAILABLE` at once when too many wait already, and when the signal aborts before the turn
   *   has come
   */
  take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function createTurns({ atOnce, waiting }: TurnLimits): Turns {
  const queue = new Set<() => void>();
  let running = 0;
  const wait = async (signal: AbortSignal | undefined): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      // Once it is out of the queue the turn is its own, and is passed on at the end of the work.
      if (queue.delete(resolve))
        reject(new PatchError('WORKER_UNAVAILABLE', 'Nobody waits for the answer any more.'));
    };
    queue.add(resolve);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    await promise.finally(() => signal?.removeEventListener('abort', giveUp));
  };
  return {
    async take(work, signal) {
      if (running >= atOnce) {
        if (queue.size >= waiting) throw crowded(running + queue.size);
        await wait(signal);
      } else running += 1;
      try {
        return await work();
      } finally {
        const [next] = queue;
        if (next) {
          queue.delete(next);
          next();
        } else running -= 1;
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
