/** Work of which each piece begins when all before it have ended, however they ended. */
export interface Sequence {
  /** Does the work in its turn. @throws what the work throws */
  run<T>(work: () => Promise<T> | T): Promise<T>;
  /** Resolves when all that was asked for so far has ended. */
  settled(): Promise<void>;
}

export function createSequence(): Sequence {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const result = tail.then(work);
      tail = result.catch(() => {});
      return result;
    },
    settled: async () => void (await tail),
  };
}
