import type { DatabaseFaults, DatabaseHealth } from '../package-interface/package-manager.ts';
import type { PackageAdapter, PackageWords } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import { findLockHolder, nameOfHolder } from './locks.ts';

/** Reads all of it. @throws PatchError when the package manager cannot say */
export async function readDatabaseFaults(
  { database, reading, words }: PackageAdapter,
  signal: AbortSignal,
): Promise<DatabaseFaults> {
  const [interrupted, installed, unmet] = await Promise.all([
    database.interrupted(),
    reading.installed(),
    database.unmet(signal),
  ]);
  const unconfigured = installed.filter((one) => one.broken).map((one) => one.name);
  const { audit, retry, mend } = words;
  return { interrupted, unconfigured, unmet, commands: { audit, retry, mend } };
}

/** For people; undefined when nothing is wrong. */
function describeFaults(
  { interrupted, unconfigured, unmet }: Omit<DatabaseFaults, 'commands'>,
  { installer, audit, mend }: PackageWords,
): string | undefined {
  const sentences = [
    ...(interrupted === undefined ? [] : [`${installer} was interrupted; the next job repairs it`]),
    ...(unconfigured.length > 0 ? [`not configured: ${unconfigured.join(', ')} (${audit})`] : []),
    ...(unmet === undefined ? [] : [`dependencies are not met: ${unmet} (${mend})`]),
  ];
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

/** @throws PatchError when the package manager cannot say */
export async function readDatabaseHealth(host: PackageHost, signal: AbortSignal): Promise<DatabaseHealth> {
  const { adapter } = host;
  const holder = await findLockHolder(host);
  const faults = await readDatabaseFaults(adapter, signal);
  const wrong = describeFaults(faults, adapter.words);
  const { interrupted } = faults;
  const unexplained = holder
    ? describeFaults({ interrupted, unconfigured: [], unmet: undefined }, adapter.words)
    : wrong;
  return { clean: wrong === undefined, words: unexplained ?? 'ok', busy: holder && nameOfHolder(holder) };
}
