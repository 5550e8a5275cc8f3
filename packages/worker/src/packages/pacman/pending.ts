import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { PackageDoors } from '../doors.ts';
import { fetchedAt } from '../fetched-at.ts';
import type { Installed, Pending, Source, Update } from '../package-facts.ts';
import { withoutPassword } from '../source-address.ts';
import { askPacman, questionFailed } from './ask.ts';
import type { PacmanConfig } from './config.ts';
import { databasesIn, newestFolder } from './databases.ts';
import { readRecords, type SyncRecord } from './sync-records.ts';

/** A line of `pacman -Qu`: `toyheld 1.0-1 -> 1.1-1 [ignored]`. */
export interface Upgradable {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly ignored: boolean;
}

const LINE = /^(\S+) (\S+) -> (\S+)( \[ignored\])?$/;

/**
 * Reads `pacman -Qu` of pacman 6 and 7, which ends with 1 and says nothing where nothing waits.
 * @throws PatchError `PKG_MANAGER_ERROR` on anything else: fewer updates than there are is worse than none
 */
export function parseUpgradable(result: CommandResult): Upgradable[] {
  const { exitCode, stdout, stderr } = result;
  const lines = stdout.split('\n').filter(Boolean);
  const isQuiet = !stderr.split('\n').some((line) => line.startsWith('error: '));
  if (!isQuiet || exitCode !== (lines.length > 0 ? 0 : 1)) throw questionFailed('-Qu', result);
  return lines.map((line) => {
    const [, name, from, to, ignored] = LINE.exec(line) ?? [];
    if (name !== undefined && from !== undefined && to !== undefined)
      return { name, from, to, ignored: ignored !== undefined };
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `pacman -Qu printed a line that is not understood: "${line.slice(0, 120)}"`,
    );
  });
}

export async function readUpgradable(
  doors: PackageDoors,
  config: PacmanConfig,
  databases: 'newest' | 'installed' = 'newest',
): Promise<Upgradable[]> {
  return parseUpgradable(await askPacman(doors, config, { args: ['-Qu'], databases }));
}

/** Every repository of the configuration. None says when it was made, nor which of its packages mend security faults. */
export async function readSources(doors: PackageDoors, config: PacmanConfig): Promise<Source[]> {
  const there = await databasesIn(doors, await newestFolder(doors, config), config);
  const sources = config.repositories.map(async ({ name, servers }): Promise<Source> => {
    const database = there.get(name);
    return {
      id: name,
      uri: servers[0] === undefined ? name : withoutPassword(servers[0]),
      label: name,
      suite: name,
      codename: undefined,
      origin: undefined,
      security: false,
      present: database !== undefined,
      publishedAtMs: undefined,
      servedAtMs: database?.modifiedMs,
      fetchedAtMs: database && (await fetchedAt(doors.files, database.path)),
      validUntilMs: undefined,
      lists: [name],
    };
  });
  return Promise.all(sources);
}

/**
 * What waits by the newest databases of this host.
 * @throws PatchError `SERVICE_UNHEALTHY` while one of several repositories was never downloaded
 */
export async function readPending(
  doors: PackageDoors,
  config: PacmanConfig,
  known: { readonly installed: Promise<readonly Installed[]>; readonly sources: Promise<readonly Source[]> },
): Promise<Pending> {
  const sources = await known.sources;
  const missing = sources.filter((one) => !one.present).map((one) => one.lists.join());
  if (missing.length === sources.length) return { updates: [], hiddenSecurity: [] };
  if (missing.length > 0)
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `Which updates wait is not known: ${missing.join(', ')} ${missing.length === 1 ? 'was' : 'were'} never downloaded. Ask for a refresh, or take what is not wanted out of pacman.conf.`,
    );
  const waiting = await readUpgradable(doors, config);
  const names = waiting.map((one) => one.name);
  const records = names.length === 0 ? [] : await readRecords(doors, config, { names, databases: 'newest' });
  const installed = await known.installed;
  const updates = waiting.map((one) => updateOf(one, installed, records));
  return { updates: updates.sort((a, b) => (a.id < b.id ? -1 : 1)), hiddenSecurity: [] };
}

function updateOf(
  { name, from, to, ignored }: Upgradable,
  installed: readonly Installed[],
  records: readonly SyncRecord[],
): Update {
  const own = installed.find((one) => one.name === name);
  if (own?.version !== from)
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `pacman names an update of ${name} ${from}, which its database does not have installed. Somebody may be changing packages now.`,
    );
  return {
    name,
    id: name,
    architecture: own.architecture,
    currentVersion: from,
    newVersion: to,
    source: own.source,
    origins: records
      .filter((one) => one.name === name && one.version === to)
      .map(({ repository }) => repository),
    held: ignored || own.held,
    phasedPercent: undefined,
    phased: false,
    offered: undefined,
    security: false,
    securityVersion: undefined,
    securityKnown: false,
    description: own.description,
  };
}
