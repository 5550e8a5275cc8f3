import { join } from 'node:path';
import { HOUR_MS } from '@linux-patch/contract';
import type { Files, Random } from '@linux-patch/runtime';

/** When this host was started. */
export interface Boot {
  /** Differs after every boot; null where a container hides it. */
  readonly id: string | null;
  /** Time since then, sleep included. */
  readonly ageMs: number;
}

/** Numbers of which each signature needs one that was not used: what was recorded is worth nothing the second time. */
export interface Challenges {
  /** A new one, base64url. */
  issue(): Promise<string>;
  /** Whether it was issued since this host was started and not used; it is gone when this resolves. */
  use(challenge: string): Promise<boolean>;
}

const CHALLENGE_BYTES = 16;
/** Those that managers hold at the same time; the oldest goes. */
const KEPT = 32;
const LIFETIME_MS = HOUR_MS;
const FOLDER_MODE = 0o700;

/**
 * Challenges in a folder that does not survive a reboot, each a file without content whose name says when it was issued.
 * Several processes may work with it at the same time: of two that use one challenge, one has it.
 */
export function openChallenges(options: {
  /** Below `/run`. */
  readonly folder: string;
  readonly files: Files;
  readonly random: Pick<Random, 'bytes' | 'uuid'>;
  readonly boot: () => Promise<Boot>;
}): Challenges {
  const { folder, files, random } = options;
  /** Where `/run` is kept over a reboot, the name of the boot is another one. */
  const ofThisBoot = async () => {
    const { id, ageMs } = await options.boot();
    const present = join(folder, `boot-${id ?? 'unknown'}`);
    return { present, ageMs, names: (await files.list(present, { missingOk: true })).filter(isOpen) };
  };
  return {
    async issue() {
      const { present, ageMs, names } = await ofThisBoot();
      if (names.length === 0) await beginFolder(files, folder, present);
      for (const name of names.slice(0, Math.max(0, names.length - KEPT + 1)))
        await files.remove(join(present, name));
      const challenge = Buffer.from(random.bytes(CHALLENGE_BYTES)).toString('base64url');
      await files.append(join(present, nameOf(ageMs, challenge)), '', { mode: 0o600, sync: false });
      return challenge;
    },
    async use(challenge) {
      const { present, ageMs, names } = await ofThisBoot();
      const name = names.find((one) => one.slice(AGE_DIGITS + 1) === challenge);
      if (name === undefined) return false;
      const used = join(present, `used-${random.uuid()}`);
      try {
        // One rename of a name succeeds, whoever else tries.
        await files.rename(join(present, name), used);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
      await files.remove(used);
      const issuedMs = Number(name.slice(0, AGE_DIGITS));
      return ageMs - issuedMs >= 0 && ageMs - issuedMs <= LIFETIME_MS;
    },
  };
}

const AGE_DIGITS = 15;

function nameOf(ageMs: number, challenge: string): string {
  return `${String(Math.floor(ageMs)).padStart(AGE_DIGITS, '0')}-${challenge}`;
}

function isOpen(name: string): boolean {
  return /^\d{15}-[\w-]{22}$/.test(name);
}

async function beginFolder(files: Files, folder: string, present: string): Promise<void> {
  await files.makeFolder(folder, FOLDER_MODE);
  for (const name of await files.list(folder)) {
    if (name.startsWith('boot-') && join(folder, name) !== present) await files.remove(join(folder, name));
  }
  await files.makeFolder(present, FOLDER_MODE);
}
