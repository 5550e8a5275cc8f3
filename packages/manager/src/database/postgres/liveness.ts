import { DatabaseError } from 'pg';

/** How long one statement waits before the server is asked whether it answers at all. */
const PATIENCE_MS = 3_000;
/** How soon it is asked again while it answers nobody. */
const RETRY_MS = 1_000;

/** Knows whether a server answers: one that is frozen, or gone without a word, keeps every connection and says nothing in it. */
export interface Liveness extends Disposable {
  /**
   * Waits for what the server is asked for as long as it answers anybody.
   * @throws what the work does, and why the server answers nobody: at once while that is known
   */
  answered<T>(work: () => Promise<T>): Promise<T>;
}

/** Resolves after a while, which keeps no process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) =>
    AbortSignal.timeout(ms).addEventListener('abort', () => resolve(), { once: true }),
  );
}

/**
 * @param probe asks the server something over a connection of its own, and gives up soon
 */
export function watchLiveness(probe: () => Promise<void>): Liveness {
  const waiting = new Set<(why: Error) => void>();
  let why: Error | undefined;
  let isWatching = false;
  let isOver = false;

  const ask = async (): Promise<void> => {
    try {
      await probe();
      why = undefined;
    } catch (error) {
      // A refusal is an answer, and told to each who asks.
      why = error instanceof DatabaseError || !(error instanceof Error) ? undefined : error;
    }
    if (why === undefined) return;
    for (const giveUp of waiting) giveUp(why);
    waiting.clear();
  };
  const watch = async (): Promise<void> => {
    isWatching = true;
    while (!isOver && (why !== undefined || waiting.size > 0)) {
      const before = [...waiting];
      await pause(why === undefined ? PATIENCE_MS : RETRY_MS);
      if (!isOver && (why !== undefined || before.some((one) => waiting.has(one)))) await ask();
    }
    isWatching = false;
  };

  return {
    async answered(work) {
      if (why !== undefined) throw why;
      const { promise, reject } = Promise.withResolvers<never>();
      waiting.add(reject);
      if (!isWatching) void watch();
      try {
        return await Promise.race([work(), promise]);
      } finally {
        waiting.delete(reject);
      }
    },
    [Symbol.dispose]() {
      isOver = true;
    },
  };
}
