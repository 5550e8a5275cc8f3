import { join } from 'node:path';
import type { PackageDoors } from '../doors.ts';
import { findOpenLockHolders } from '../open-lock.ts';
import type { PacmanConfig } from './config.ts';
import { localFolder, readInstalled } from './local-database.ts';
import { readOffers } from './packages.ts';
import { lockPath } from './tools.ts';

/** The end of the log that is read; a transaction of thousands of packages is shorter. */
const TAIL_BYTES = 2 * 1024 * 1024;
const LINE = /^\[[^\]]+\] \[ALPM\] (.*)$/;
const CHANGED = /^(?:installed|upgraded|downgraded|reinstalled) (\S+) \(/;

/**
 * Packages that the last transaction of a log had changed when it was cut off, by pacman.log of pacman 6 and 7; empty when it
 * came to an end.
 */
export function parseUnfinished(log: string): string[] {
  let names: string[] = [];
  let isOpen = false;
  for (const line of log.split('\n')) {
    const [, text = ''] = LINE.exec(line) ?? [];
    if (text === 'transaction started') [isOpen, names] = [true, []];
    else if (/^transaction (?:completed|interrupted|failed)/.test(text)) isOpen = false;
    const [, name] = CHANGED.exec(text) ?? [];
    if (name !== undefined) names.push(name);
  }
  return isOpen ? [...new Set(names)] : [];
}

async function readTail({ files }: PackageDoors, path: string): Promise<string> {
  const size = (await files.factsBehind(path))?.sizeBytes ?? 0;
  const part = { offset: Math.max(0, size - TAIL_BYTES), maxBytes: TAIL_BYTES };
  const bytes = await files.readPart(path, part);
  return bytes ? Buffer.from(bytes).toString('utf8') : '';
}

/** What a transaction that was cut off left: its lock, or the log of what it had begun. */
export interface Interruption {
  readonly path: string;
  /** Packages to put in again, so that their scripts and the hooks run. */
  readonly names: readonly string[];
  /** Folders of those of them in the database that pacman had not written to the end: it refuses every change of them. */
  readonly halfWritten: readonly string[];
}

/** Undefined when none was cut off, and while somebody works. */
export async function findInterruption(
  doors: PackageDoors,
  config: PacmanConfig,
): Promise<Interruption | undefined> {
  const path = lockPath(config);
  if ((await findOpenLockHolders(doors, path)).length > 0) return undefined;
  const installed = await readInstalled(doors, config);
  const logged = parseUnfinished(await readTail(doors, config.logFile));
  const broken = installed.filter((one) => one.broken).map((one) => one.name);
  const there = logged.filter((name) => installed.some((one) => one.name === name));
  const begun = [...new Set([...there, ...broken])];
  // What no repository has cannot be put in again.
  const offered = begun.length === 0 ? undefined : await readOffers(doors, config, begun);
  const names = begun.filter((name) => offered?.has(name));
  const halfWritten = installed
    .filter((one) => one.broken && names.includes(one.name))
    .map(({ name, version }) => join(localFolder(config), `${name}-${version}`));
  if (await doors.files.facts(path)) return { path, names, halfWritten };
  return names.length > 0 ? { path: config.logFile, names, halfWritten } : undefined;
}
