import { isPatchError, PatchError } from '@linux-patch/contract';
import { type AptContext, aptPath } from './apt-context.ts';

/** Files that apt and dpkg lock while they work. */
const LOCK_FILES = [
  'var/lib/dpkg/lock-frontend',
  'var/lib/dpkg/lock',
  'var/lib/apt/lists/lock',
  'var/cache/apt/archives/lock',
];
const LOOK_INTERVAL_MS = 500;

/** Who holds the package database. */
export interface LockHolder {
  readonly pid: number;
  readonly program: string;
}

/** Processes that hold a lock on one of these inodes, by /proc/locks (proc(5)). */
export function parseLockHolders(text: string, inodes: ReadonlySet<number>): number[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, inode] =
      /(?:POSIX|FLOCK|OFDLCK)\s+\S+\s+\S+\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)/i.exec(line) ?? [];
    return pid !== undefined && inode !== undefined && inodes.has(Number(inode)) ? [Number(pid)] : [];
  });
}

/** The process that holds the package database now; undefined when nobody does. */
export async function findLockHolder(
  context: Pick<AptContext, 'files' | 'root'>,
): Promise<LockHolder | undefined> {
  const { files } = context;
  const facts = await Promise.all(LOCK_FILES.map((path) => files.facts(aptPath(context, path))));
  const inodes = new Set(facts.flatMap((one) => (one ? [one.inode] : [])));
  const [pid] = parseLockHolders((await files.readText('/proc/locks')) ?? '', inodes);
  if (pid === undefined) return undefined;
  const program = (await files.readText(`/proc/${pid}/comm`).catch(() => undefined))?.trim();
  return { pid, program: program || 'an unknown program' };
}

/**
 * Waits until nobody else holds the package database.
 * @throws PatchError `LOCKED` that names the holder when the time is up; the signal's own reason when it aborts.
 */
export async function waitForLock(
  context: AptContext,
  options: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly onWaiting: (holder: string) => void;
  },
): Promise<void> {
  const startedMs = context.clock.monotonicMs();
  for (;;) {
    const holder = await findLockHolder(context);
    if (!holder) return;
    const name = `${holder.program} (process ${holder.pid})`;
    if (context.clock.monotonicMs() - startedMs > options.timeoutMs) {
      throw new PatchError(
        'LOCKED',
        `${name} holds the package database and does not let go. Look at that process, then repeat the job.`,
      );
    }
    options.onWaiting(name);
    await context.clock.sleep(LOOK_INTERVAL_MS, options.signal).catch((error: unknown) => {
      throw isPatchError(error)
        ? error
        : new PatchError('CANCELLED', 'The job was stopped while it waited for the package database.');
    });
  }
}
