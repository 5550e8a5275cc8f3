import { messageOf } from '@linux-patch/contract';
import { type AptContext, aptPath } from './apt-context.ts';
import { readInstalled } from './installed.ts';
import { findLockHolder } from './lock.ts';
import { askForRefusal } from './refusal.ts';
import { createStateReader } from './state-key.ts';

/** What is wrong with what is installed, whatever updates wait. */
export interface DatabaseFaults {
  /** dpkg(1) left its journal behind. */
  readonly interrupted: boolean;
  /** Packages that are unpacked or half configured, as `dpkg --audit` lists them. */
  readonly unconfigured: readonly string[];
  /** Dependencies of installed packages that are not met, in apt's words; it then changes nothing else. */
  readonly unmet: string | undefined;
}

/** Reads all of it. @throws PatchError when dpkg or apt cannot say */
export async function readDatabaseFaults(context: AptContext, signal: AbortSignal): Promise<DatabaseFaults> {
  const [interrupted, installed, unmet] = await Promise.all([
    isInterrupted(context),
    readInstalled(context),
    readUnmet(context, signal),
  ]);
  const unconfigured = installed.filter((one) => one.broken).map((one) => one.name);
  return { interrupted, unconfigured, unmet };
}

/** dpkg leaves its journal here until its work is done (dpkg(1)). */
async function isInterrupted({ files, root }: AptContext): Promise<boolean> {
  const names = await files.list(aptPath({ root }, 'var/lib/dpkg/updates'), { missingOk: true });
  return names.some((name) => /^\d+$/.test(name));
}

/** Which dependencies of installed packages are not met; undefined when all are. */
export async function readUnmet(context: AptContext, signal: AbortSignal): Promise<string | undefined> {
  return (await askForRefusal(context, { args: ['install'], untrusted: new Set(), signal }))?.reason;
}

/** For people; undefined when nothing is wrong. */
export function describeFaults({ interrupted, unconfigured, unmet }: DatabaseFaults): string | undefined {
  const sentences = [
    ...(interrupted ? ['dpkg was interrupted; the next job repairs it'] : []),
    ...(unconfigured.length > 0 ? [`not configured: ${unconfigured.join(', ')} (dpkg --audit)`] : []),
    ...(unmet === undefined ? [] : [`dependencies are not met: ${unmet} (apt-get --fix-broken install)`]),
  ];
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

/** The faults of the package database, read again when its state on disk has changed. */
export interface DatabaseWatch {
  faults(): Promise<DatabaseFaults>;
  /** `ok` or the faults, as they were when they were last read; answers without waiting for apt. */
  health(): Promise<string>;
}

export function createDatabaseWatch(context: AptContext): DatabaseWatch {
  let reading: { readonly key: string; readonly faults: Promise<DatabaseFaults> } | undefined;
  const stateNow = createStateReader(context);
  let known: string | undefined;
  const read = async (): Promise<DatabaseFaults> => {
    const { packages: key } = await stateNow();
    if (reading?.key === key) return reading.faults;
    const own = { key, faults: readDatabaseFaults(context, new AbortController().signal) };
    reading = own;
    own.faults.catch(() => {
      if (reading === own) reading = undefined;
    });
    return own.faults;
  };
  const look = async (): Promise<void> => {
    try {
      // In the middle of somebody's work packages are half configured as a matter of course.
      if (!(await findLockHolder(context))) known = describeFaults(await read()) ?? 'ok';
    } catch (error) {
      known = messageOf(error);
    }
  };
  return {
    faults: read,
    async health() {
      void look();
      if (known !== undefined) return known;
      const interrupted = await isInterrupted(context);
      return describeFaults({ interrupted, unconfigured: [], unmet: undefined }) ?? 'ok';
    },
  };
}
