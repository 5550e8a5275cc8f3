import { nodeCommands } from '@linux-patch/runtime/node';

/** The lock of a package database in the hands of another process. */
export interface TakenLock {
  /** That process. */
  readonly pid: number;
  /** Resolves when that process has ended. */
  readonly letGo: () => Promise<void>;
}

export async function takeLock(path: string): Promise<TakenLock> {
  const end = new AbortController();
  const holding = Promise.withResolvers<number>();
  const holder = nodeCommands({}).run({
    program: 'flock',
    args: [path, 'sh', '-c', 'echo $PPID; exec tail -f /dev/null'],
    timeoutMs: 60_000,
    signal: end.signal,
    onLine: (line) => holding.resolve(Number(line)),
  });
  const pid = await Promise.race([holding.promise, holder.then(() => Number.NaN)]);
  return {
    pid,
    async letGo() {
      end.abort();
      await holder;
    },
  };
}
