import { nodeCommands } from '@linux-patch/runtime/node';

/** The lock of a package database in the hands of another process. */
export interface TakenLock {
  /** Resolves when that process has ended. */
  readonly letGo: () => Promise<void>;
}

export async function takeLock(path: string): Promise<TakenLock> {
  const end = new AbortController();
  const holding = Promise.withResolvers<void>();
  const holder = nodeCommands({}).run({
    program: 'flock',
    args: [path, 'sh', '-c', 'echo held; exec tail -f /dev/null'],
    timeoutMs: 60_000,
    signal: end.signal,
    onLine: () => holding.resolve(),
  });
  await Promise.race([holding.promise, holder]);
  return {
    async letGo() {
      end.abort();
      await holder;
    },
  };
}
