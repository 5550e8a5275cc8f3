import { messageOf } from '@linux-patch/contract';
import type { PackageAdapter, PackageWords } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import { findLockHolder } from './locks.ts';
import { remembered } from './remembered.ts';

/** What is wrong with what is installed, whatever updates wait. */
export interface DatabaseFaults {
  /** The path of what a transaction left that was cut off. */
  readonly interrupted: string | undefined;
  /** Packages that are unpacked or half configured. */
  readonly unconfigured: readonly string[];
  /** Dependencies of installed packages that are not met, as a clause; nothing else may be changed then. */
  readonly unmet: string | undefined;
}

/** Reads all of it. @throws PatchError when the package manager cannot say */
export async function readDatabaseFaults(
  { database, reading }: PackageAdapter,
  signal: AbortSignal,
): Promise<DatabaseFaults> {
  const [interrupted, installed, unmet] = await Promise.all([
    database.interrupted(),
    reading.installed(),
    database.unmet(signal),
  ]);
  const unconfigured = installed.filter((one) => one.broken).map((one) => one.name);
  return { interrupted, unconfigured, unmet };
}

/** For people; undefined when nothing is wrong. */
function describeFaults(
  { interrupted, unconfigured, unmet }: DatabaseFaults,
  { installer, audit, mend }: PackageWords,
): string | undefined {
  const sentences = [
    ...(interrupted === undefined ? [] : [`${installer} was interrupted; the next job repairs it`]),
    ...(unconfigured.length > 0 ? [`not configured: ${unconfigured.join(', ')} (${audit})`] : []),
    ...(unmet === undefined ? [] : [`dependencies are not met: ${unmet} (${mend})`]),
  ];
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

/** The faults of the package database, read again when its state on disk has changed. */
export interface DatabaseWatch {
  isClean(): Promise<boolean>;
  /** `ok` or the faults, as they were when they were last read; answers without waiting for the package manager. */
  health(): Promise<string>;
}

export function createDatabaseWatch(host: PackageHost): DatabaseWatch {
  const { adapter } = host;
  const faults = remembered<DatabaseFaults>();
  let known: string | undefined;
  const read = async (): Promise<string | undefined> => {
    const { packages: key } = await adapter.reading.stateKey();
    const { signal } = new AbortController();
    return describeFaults(await faults(key, () => readDatabaseFaults(adapter, signal)), adapter.words);
  };
  const look = async (): Promise<void> => {
    try {
      // In the middle of somebody's work packages are half configured as a matter of course.
      if (!(await findLockHolder(host))) known = (await read()) ?? 'ok';
    } catch (error) {
      known = messageOf(error);
    }
  };
  return {
    isClean: async () => (await read()) === undefined,
    async health() {
      void look();
      if (known !== undefined) return known;
      const interrupted = await adapter.database.interrupted();
      return describeFaults({ interrupted, unconfigured: [], unmet: undefined }, adapter.words) ?? 'ok';
    },
  };
}
