import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { matchesGlob } from '../../package-interface/name-pattern.ts';
import type { PackageDoors } from '../doors.ts';
import type { Installed } from '../package-facts.ts';
import type { PacmanConfig } from './config.ts';
import { splitPackage } from './names.ts';

/** What a folder of the database has beside those of packages. */
const FORMAT_FILE = 'ALPM_DB_VERSION';
const MOST_BYTES = 4 * 1024 * 1024;
const SECOND_MS = 1_000;

/** A file of the database: blocks of a name between `%` and its values, each on a line, with a blank line between them. */
export type Blocks = ReadonlyMap<string, readonly string[]>;

function parseBlocks(text: string): Blocks {
  const blocks = text.split('\n\n').map((block) => block.split('\n').filter((line) => line !== ''));
  return new Map(
    blocks.flatMap(([head = '', ...values]) => {
      const [, name] = /^%([A-Z0-9]+)%$/.exec(head) ?? [];
      return name === undefined ? [] : [[name, values] as const];
    }),
  );
}

/** An installed package, and when it came. */
export interface PacmanInstalled extends Installed {
  readonly installedAtMs: number;
}

type Held = Pick<PacmanConfig, 'ignored' | 'ignoredGroups'>;

function isHeld(name: string, blocks: Blocks, { ignored, ignoredGroups }: Held): boolean {
  const groups = blocks.get('GROUPS') ?? [];
  return (
    ignored.some((pattern) => matchesGlob(pattern, name)) ||
    ignoredGroups.some((pattern) => groups.some((group) => matchesGlob(pattern, group)))
  );
}

/**
 * A package by the name of its folder and its `desc`; without one, a transaction was cut off while it was written.
 * @throws PatchError `PKG_MANAGER_ERROR` on an entry that is not understood: fewer packages than there are is worse than none
 */
export function parseEntry(folder: string, text: string | undefined, config: Held): PacmanInstalled {
  const named = splitPackage(folder);
  const blocks = parseBlocks(text ?? '');
  const first = (key: string): string | undefined => blocks.get(key)?.[0];
  const broken = first('NAME') === undefined || first('VERSION') === undefined;
  if (!named || (!broken && (first('NAME') !== named.name || first('VERSION') !== named.version)))
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `An entry of pacman's database is not understood: "${folder.slice(0, 120)}". "pacman -Dk" on the host checks it.`,
    );
  const size = Number(first('SIZE'));
  return {
    ...named,
    architecture: first('ARCH') ?? 'any',
    description: first('DESC') ?? '',
    sizeBytes: Number.isSafeInteger(size) ? size : null,
    source: broken ? null : { name: first('BASE') ?? named.name, version: named.version },
    held: isHeld(named.name, blocks, config),
    broken,
    installedAtMs: (Number(first('INSTALLDATE')) || 0) * SECOND_MS,
  };
}

/** The folder of what is installed. */
export function localFolder({ databaseFolder }: Pick<PacmanConfig, 'databaseFolder'>): string {
  return join(databaseFolder, 'local');
}

/**
 * Everything that is installed, in the order of names.
 * @throws PatchError `PKG_MANAGER_ERROR`
 */
export async function readInstalled(doors: PackageDoors, config: PacmanConfig): Promise<PacmanInstalled[]> {
  const folder = localFolder(config);
  const names = await doors.files.list(folder, { missingOk: true });
  const entries = names.filter((name) => name !== FORMAT_FILE);
  const paths = entries.map((entry) => join(folder, entry, 'desc'));
  const texts = await doors.files.readTextsLimited(paths, MOST_BYTES);
  return entries
    .map((entry, index) => parseEntry(entry, texts[index], config))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the database says of the files of an installed package. */
export async function readFiles(
  { files }: PackageDoors,
  config: PacmanConfig,
  { name, version }: Pick<Installed, 'name' | 'version'>,
): Promise<{ readonly paths: readonly string[]; readonly configuration: readonly string[] }> {
  const path = join(localFolder(config), `${name}-${version}`, 'files');
  const blocks = parseBlocks((await files.readText(path)) ?? '');
  return {
    paths: (blocks.get('FILES') ?? []).filter((one) => !one.endsWith('/')).map((one) => `/${one}`),
    configuration: (blocks.get('BACKUP') ?? []).map((one) => `/${one.split('\t')[0]}`),
  };
}
