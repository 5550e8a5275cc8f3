import { isPatchError, PatchError } from '@linux-patch/contract';
import { deviceName, findMount, statDevice } from '@linux-patch/runtime';
import type { LockHolder } from '../package-interface/package-manager.ts';
import type { OperationRun } from '../package-interface/package-operations.ts';
import { belowRoot, type PackageHost } from './doors.ts';
import { findLockedFileHolders, findOpenLockHolders } from './open-lock.ts';
import { findWrittenHolder } from './pid-lock.ts';

const LOOK_INTERVAL_MS = 500;
/** How long a program is tried again that finds the lock taken by somebody whom nobody sees. */
const UNSEEN_LIMIT_MS = 60_000;

type LockedHost = Pick<PackageHost, 'files' | 'root' | 'adapter'>;

/** A file as /proc/locks names it. */
export interface LockedFile {
  readonly inode: number;
  /** See `deviceName`; any of them counts. */
  readonly devices: readonly string[];
}

/** `1: POSIX  ADVISORY  WRITE 317 fe:00:4711 0 EOF`; lines with `->` only wait for a lock. */
const LOCK = /^\d+: (?:POSIX|FLOCK|OFDLCK)\s+\S+\s+\S+\s+(-?\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s/i;

/** Processes that hold a lock on one of these files, by /proc/locks (proc(5)); 0 or less for those that cannot be seen. */
export function parseLockHolders(text: string, locked: readonly LockedFile[]): number[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, major = '', minor = '', inode] = LOCK.exec(line) ?? [];
    if (pid === undefined) return [];
    const device = deviceName(parseInt(major, 16), parseInt(minor, 16));
    const known = locked.some((file) => file.inode === Number(inode) && file.devices.includes(device));
    return known ? [Number(pid)] : [];
  });
}

/** Where files have another inode in /proc/locks than they have elsewhere. */
const OVERLAY = 'overlay';

/** Processes that hold one of the locks of the package database. */
async function lockingPids(host: LockedHost): Promise<number[]> {
  const { files, root, adapter } = host;
  const mountinfo = (await files.readText('/proc/self/mountinfo').catch(() => undefined)) ?? '';
  const paths = adapter.database.lockFiles.map((name) => belowRoot({ root }, name));
  const listed = parseLockHolders(
    (await files.readText('/proc/locks')) ?? '',
    await lockFiles(host, mountinfo),
  );
  const onOverlay = paths.filter((path) => findMount(mountinfo, path)?.type === OVERLAY);
  return listed.length > 0 || onOverlay.length === 0 ? listed : findLockedFileHolders(host, onOverlay);
}

async function lockFiles({ files, root, adapter }: LockedHost, mountinfo: string): Promise<LockedFile[]> {
  const found = await Promise.all(
    adapter.database.lockFiles.map(async (name) => {
      const path = belowRoot({ root }, name);
      const facts = await files.facts(path);
      if (!facts) return [];
      const mount = findMount(mountinfo, path);
      const devices = [statDevice(facts.device), ...(mount === undefined ? [] : [mount.device])];
      return [{ inode: facts.inode, devices }];
    }),
  );
  return found.flat();
}

/** Which of the processes that hold a lock is told: one that still is there, because one of several may have ended since. */
export async function chooseHolder(
  pids: readonly number[],
  programOf: (pid: number) => Promise<string | undefined>,
): Promise<LockHolder | undefined> {
  const seen = pids.filter((pid) => pid > 0);
  for (const pid of seen) {
    const program = await programOf(pid);
    if (program) return { pid, program };
  }
  if (seen[0] !== undefined) return { pid: seen[0], program: 'an unknown program' };
  return pids.length === 0 ? undefined : { pid: undefined, program: 'a program in another container' };
}

/** The process that holds the package database now; undefined when nobody does. */
export async function findLockHolder(host: LockedHost): Promise<LockHolder | undefined> {
  const { files } = host;
  const { openLock, pidLock } = host.adapter.database;
  const pids = [
    ...(await lockingPids(host)),
    ...(openLock === undefined ? [] : await findOpenLockHolders(host, openLock)),
    ...(pidLock === undefined ? [] : await findWrittenHolder(files, belowRoot(host, pidLock))),
  ];
  return chooseHolder(pids, async (pid) =>
    (await files.readText(`/proc/${pid}/comm`).catch(() => undefined))?.trim(),
  );
}

/** For people. */
export function nameOfHolder({ program, pid }: LockHolder): string {
  return pid === undefined ? program : `${program} (process ${pid})`;
}

/**
 * Waits until nobody else holds the package database, looks, and looks again when somebody got hold of it meanwhile: what
 * is seen is what there is.
 * @param undo takes back what a look that does not count did
 * @throws what `waitForLock` and the look do
 */
export async function lookAlone<T>(
  host: WaitingHost,
  run: Waiting,
  look: () => Promise<T>,
  undo: () => Promise<void> = async () => {},
): Promise<T> {
  for (;;) {
    await waitForLock(host, run);
    const seen = await look();
    if (!(await findLockHolder(host))) return seen;
    await undo();
  }
}

type WaitingHost = LockedHost & Pick<PackageHost, 'clock'>;
type Waiting = Pick<OperationRun, 'timeoutMs' | 'signal' | 'onWaitingForLock' | 'onLockFree'>;

/**
 * Waits until nobody else holds the package database.
 * @throws PatchError `LOCKED` that names the holder when the time is up; the signal's own reason when it aborts.
 */
export async function waitForLock(
  host: WaitingHost,
  { timeoutMs, signal, onWaitingForLock, onLockFree }: Waiting,
): Promise<void> {
  const { clock } = host;
  const startedMs = clock.monotonicMs();
  for (let waited = false; ; waited = true) {
    const holder = await findLockHolder(host);
    if (!holder) {
      if (waited) onLockFree?.();
      return;
    }
    const name = nameOfHolder(holder);
    if (clock.monotonicMs() - startedMs > timeoutMs) {
      throw new PatchError(
        'LOCKED',
        `${name} holds the package database and does not let go. Look at that process, then repeat the job.`,
      );
    }
    onWaitingForLock(name);
    await pause(clock, signal);
  }
}

async function pause(clock: WaitingHost['clock'], signal: AbortSignal): Promise<void> {
  await clock.sleep(LOOK_INTERVAL_MS, signal).catch((error: unknown) => {
    throw isPatchError(error)
      ? error
      : new PatchError('CANCELLED', 'The job was stopped while it waited for the package database.');
  });
}

/** Says whether a program that found the lock taken is worth another wait and another look; it did nothing. */
export type LockPatience = () => Promise<boolean>;

/**
 * For one change: as often as somebody is seen who got hold of the package database between our look and the program's own,
 * and for a minute where nobody is seen. @throws PatchError when the run is stopped
 */
export function createLockPatience(
  host: WaitingHost,
  { signal }: Pick<OperationRun, 'signal'>,
): LockPatience {
  const { clock } = host;
  let unseenSinceMs: number | undefined;
  return async () => {
    if (await findLockHolder(host)) {
      unseenSinceMs = undefined;
      return true;
    }
    unseenSinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - unseenSinceMs > UNSEEN_LIMIT_MS) return false;
    await pause(clock, signal);
    return true;
  };
}
