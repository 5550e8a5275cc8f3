import { belowRoot, type PackageDoors } from '../doors.ts';
import { simulateChange } from './refusal.ts';

/** Files that apt and dpkg lock while they work. */
export const LOCK_FILES = [
  'var/lib/dpkg/lock-frontend',
  'var/lib/dpkg/lock',
  'var/lib/apt/lists/lock',
  'var/cache/apt/archives/lock',
];

/** dpkg keeps its journal here until its work is done (dpkg(1)). */
const JOURNAL = 'var/lib/dpkg/updates';

/** The journal, when dpkg left something in it. */
export async function findInterruption(doors: PackageDoors): Promise<string | undefined> {
  const folder = belowRoot(doors, JOURNAL);
  const names = await doors.files.list(folder, { missingOk: true });
  return names.some((name) => /^\d+$/.test(name)) ? folder : undefined;
}

/**
 * Which dependencies of installed packages are not met; undefined when all are.
 * @param native the architecture of the host's own packages.
 */
export async function readUnmet(
  doors: PackageDoors,
  native: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const question = { args: ['install'], untrusted: new Set<string>(), native, signal };
  return (await simulateChange(doors, question)).refusal?.reason;
}
