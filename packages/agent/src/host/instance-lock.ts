import { join } from 'node:path';
import type { Clock, Files } from '@linux-patch/runtime';
import { z } from 'zod';
import { sharedBootIdOf, startedTicks } from './boot-id.ts';

/** A process, also when its number was given to another one since. */
const Owner = z.object({
  pid: z.number().int().positive(),
  /** When it started, in ticks since the boot (field 22 of /proc/PID/stat). */
  started: z.string(),
  boot_id: z.string(),
  /** Inode of the folder with the claims: a copy of it is another lock. */
  folder: z.number(),
  since: z.iso.datetime(),
  /** It has let go, though it may live on. */
  released: z.boolean(),
});
export type LockOwner = z.infer<typeof Owner>;

/** What came of asking for a lock. */
export type LockResult = { readonly lock: InstanceLock } | { readonly heldBy: LockOwner | undefined };

/** A lock that this process holds. Disposing lets go; a process that is killed lets go by that. */
export interface InstanceLock extends AsyncDisposable {
  readonly owner: LockOwner;
}

const OWNER_FILE = 'owner.json';
const CLAIM = /^claim-(\d{6,})$/;
/** A claim without an owner after this time is what a crash between two writes left. */
const NAMING_LIMIT_MS = 2_000;
const NAMING_PAUSE_MS = 50;

/** Boot and start time of a process; undefined when it does not live. */
async function identify(files: Files, pid: number | 'self') {
  const stat = await files.readText(`/proc/${pid}/stat`).catch(() => undefined);
  const bootId = await files.readText('/proc/sys/kernel/random/boot_id').catch(() => undefined);
  if (stat === undefined || bootId === undefined) return undefined;
  const firstProcess = await files.readText('/proc/1/stat').catch(() => '');
  const started = startedTicks(stat);
  const number = Number.parseInt(stat, 10);
  if (started === undefined) return undefined;
  return { pid: number, started, boot_id: sharedBootIdOf(bootId.trim(), firstProcess ?? '') };
}

async function isAlive(files: Files, owner: LockOwner, inode: number): Promise<boolean> {
  if (owner.released || owner.folder !== inode) return false;
  const now = await identify(files, owner.pid);
  return now?.started === owner.started && now.boot_id === owner.boot_id;
}

async function readOwner(files: Files, folder: string): Promise<LockOwner | undefined> {
  try {
    return Owner.safeParse(JSON.parse((await files.readText(join(folder, OWNER_FILE))) ?? '')).data;
  } catch {
    return undefined;
  }
}

/** The owner of a claim, who may be about to write its name. */
async function awaitOwner(doors: Doors, folder: string): Promise<LockOwner | undefined> {
  const { files, clock } = doors;
  for (let waitedMs = 0; ; waitedMs += NAMING_PAUSE_MS) {
    const owner = await readOwner(files, folder);
    if (owner || waitedMs >= NAMING_LIMIT_MS) return owner;
    await clock.sleep(NAMING_PAUSE_MS);
  }
}

interface Doors {
  readonly files: Files;
  readonly clock: Clock;
}

async function claims(files: Files, folder: string): Promise<number[]> {
  const names = await files.list(folder, { missingOk: true });
  return names
    .flatMap((name) => CLAIM.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => other - one);
}

/**
 * Takes a lock that one process of this host can hold, or says who does. Each owner makes the folder after the last
 * one, which exactly one of several can; so a stale lock is taken over by one process only, and nobody ever removes a
 * lock that somebody else has just taken.
 *
 * @param folder where the claims lie; one folder per lock
 * @throws the system's error when nothing can be written there
 */
export async function takeLock(doors: Doors, folder: string): Promise<LockResult> {
  const { files, clock } = doors;
  const self = await identify(files, 'self');
  if (!self) throw new Error('/proc does not show this process');
  await files.makeFolder(folder, 0o700);
  const inode = (await files.facts(folder))?.inode ?? 0;
  for (;;) {
    const [last = 0] = await claims(files, folder);
    if (last > 0) {
      const owner = await awaitOwner(doors, pathOf(folder, last));
      if (owner && (await isAlive(files, owner, inode))) return { heldBy: owner };
    }
    if (!(await files.claimFolder(pathOf(folder, last + 1), 0o700))) continue;
    const mine = last + 1;
    const owner = { ...self, folder: inode, since: new Date(clock.now()).toISOString(), released: false };
    await writeOwner(files, pathOf(folder, mine), owner);
    const [newest, ...older] = await claims(files, folder);
    // Somebody was quicker, whose claim this one would have gone behind.
    if (newest !== mine) continue;
    for (const number of older) await files.remove(pathOf(folder, number)).catch(() => {});
    return {
      lock: {
        owner,
        [Symbol.asyncDispose]: () =>
          writeOwner(files, pathOf(folder, mine), { ...owner, released: true }).catch(() => {}),
      },
    };
  }
}

function pathOf(folder: string, number: number): string {
  return join(folder, `claim-${String(number).padStart(6, '0')}`);
}

function writeOwner(files: Files, folder: string, owner: LockOwner): Promise<void> {
  const data = `${JSON.stringify(owner)}\n`;
  return files.writeDurably({ path: join(folder, OWNER_FILE), data, mode: 0o600 });
}
