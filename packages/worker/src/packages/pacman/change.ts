import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { PackageTarget, VersionTarget } from '../../package-interface/package-operations.ts';
import type { PackageChange } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { requireNamed } from '../named-target.ts';
import type { PacmanConfig } from './config.ts';
import { plainName } from './names.ts';
import { readUpgradable } from './pending.ts';

/** What pacman is told to do, and with what. */
export type PacmanRun = Pick<PacmanChange, 'operation' | 'options' | 'targets'>;

/** A command of pacman for one change. */
export interface PacmanChange {
  /** For messages, such as `pacman -Su`. */
  readonly what: string;
  readonly operation: string;
  /** What finds out what it would do, where that is another operation. */
  readonly plannedAs?: string;
  readonly options: readonly string[];
  readonly targets: readonly string[];
  /** What pacman asks and we allow: to change what it ignores, and to let one package take the place of another. */
  readonly allowed: { readonly ignored: boolean; readonly replaced: boolean };
  /** The databases that it is about. */
  readonly databases: 'newest' | 'installed';
  /** What has to have ended well before it. */
  readonly first?: PacmanRun;
}

/**
 * Arguments that find out what a change would do, up to the question whether to begin. Never `--noconfirm`, nor `--ask`, which
 * contains it: nobody answers, which is "no" to everything.
 */
export function planArguments(change: PacmanChange): string[] {
  return [change.plannedAs ?? change.operation, ...what(change)];
}

/** Arguments that print what would come in, with "yes" to what is ignored and replaced, and without a look at conflicts. */
export function printArguments(change: PacmanChange): string[] {
  return [change.operation, '--print', '--print-format', '%n %v', ...what(change)];
}

/** Bits of `--ask`, which turns the answer to a kind of question round (alpm_question_type_t). */
const ASK = { ignored: 1, replaced: 2, key: 64 };

/** Arguments that make it. */
export function changeArguments(change: PacmanChange): string[] {
  const { ignored, replaced } = change.allowed;
  // By itself pacman then says yes to all three, and no to the removal of what is in conflict.
  const bits = ASK.key + (ignored ? 0 : ASK.ignored) + (replaced ? 0 : ASK.replaced);
  return [change.operation, '--noconfirm', '--ask', String(bits), ...what(change)];
}

function what({ options, targets }: PacmanChange): string[] {
  return [...options, ...(targets.length === 0 ? [] : ['--', ...targets])];
}

const KEYRING = /^[a-z0-9][a-z0-9@._+]*-keyring$/;
const NOTHING = { ignored: false, replaced: false };

type Offered = ReadonlyMap<string, readonly string[]>;
type VersionsOf = (names: readonly string[]) => Promise<Offered>;

/**
 * What pacman is to do. Of an update it is told what stays, because whatever waits is its business.
 * @param versionsOf versions that the repositories have which belong to what is installed
 * @throws PatchError `PKG_NOT_FOUND` for what is none; `INVALID_REQUEST` for what pacman cannot do in one run
 */
export async function pacmanChange(
  doors: PackageDoors,
  config: PacmanConfig,
  { change, versionsOf }: { readonly change: PackageChange; readonly versionsOf: VersionsOf },
): Promise<PacmanChange> {
  switch (change.kind) {
    case 'remove':
      return removeChange(change);
    case 'update':
      return updateChange(doors, config, change);
    case 'versions':
      [...change.bring, ...change.remove.map((name) => ({ name }))].forEach(requireNamed);
      return versionsChange(doors, config, { change, versionsOf });
    case 'install':
      change.packages.forEach(requireNamed);
      return installChange(doors, config, { change, versionsOf });
  }
}

function removeChange(change: Extract<PackageChange, { kind: 'remove' }>): PacmanChange {
  requireNamed(change);
  return {
    ...removal([change.name], change.allowRemovals ?? false),
    options: change.purge ? ['--nosave'] : [],
  };
}

function removal(names: readonly string[], allowRemovals: boolean): PacmanChange {
  return {
    what: 'pacman -R',
    operation: allowRemovals ? '-Rc' : '-R',
    // What would go besides is found out in any case, and refused by whoever sees that nobody named it.
    plannedAs: '-Rc',
    options: [],
    targets: names.map(plainName),
    allowed: NOTHING,
    databases: 'installed',
  };
}

async function updateChange(
  doors: PackageDoors,
  config: PacmanConfig,
  { updates, allowRemovals = false }: Extract<PackageChange, { kind: 'update' }>,
): Promise<PacmanChange> {
  updates.map((one) => ({ name: one.name, version: one.newVersion })).forEach(requireNamed);
  const wanted = new Set(updates.map((one) => one.name));
  const keyrings = [...wanted].filter((name) => KEYRING.test(name));
  const staying = (await readUpgradable(doors, config)).filter((one) => !wanted.has(one.name));
  return {
    what: 'pacman -Su',
    operation: '-Su',
    options: staying.flatMap(({ name }) => ['--ignore', name]),
    targets: [],
    allowed: { ignored: false, replaced: allowRemovals },
    databases: 'newest',
    // They have the keys that others are signed with.
    ...(keyrings.length === 0
      ? {}
      : { first: { operation: '-S', options: ['--needed'], targets: keyrings } }),
  };
}

async function installChange(
  doors: PackageDoors,
  config: PacmanConfig,
  given: { readonly change: Extract<PackageChange, { kind: 'install' }>; readonly versionsOf: VersionsOf },
): Promise<PacmanChange> {
  const { packages, force } = given.change;
  const names = packages.map(({ name }) => plainName(name));
  const offered = await given.versionsOf(names);
  const older = packages.filter(
    ({ name, version }) => version !== undefined && !offered.get(plainName(name))?.includes(version),
  );
  const rest = {
    allowed: { ignored: force, replaced: false },
    databases: 'installed' as const,
  };
  if (older.length === 0)
    return { what: 'pacman -S', operation: '-S', options: ['--needed'], targets: names, ...rest };
  if (older.length < packages.length)
    throw new PatchError(
      'INVALID_REQUEST',
      'pacman cannot take some packages from its repositories and others from its cache in one run: ask for the older versions in a job of their own. Nothing was changed.',
    );
  const targets = await Promise.all(older.map((target) => requireCached(doors, config, { target, offered })));
  return { what: 'pacman -U', operation: '-U', options: [], targets, ...rest };
}

/** pacman brings in or takes away, and never both in one run. */
async function versionsChange(
  doors: PackageDoors,
  config: PacmanConfig,
  given: { readonly change: Extract<PackageChange, { kind: 'versions' }>; readonly versionsOf: VersionsOf },
): Promise<PacmanChange> {
  const { bring, remove, allowRemovals = false } = given.change;
  if (bring.length === 0) return removal(remove, allowRemovals);
  const rest = { allowed: NOTHING, databases: 'installed' as const };
  const first = await bringing(doors, config, { bring, versionsOf: given.versionsOf });
  if (remove.length === 0) return { what: `pacman ${first.operation}`, ...first, ...rest };
  const targets = remove.map((name) => plainName(name));
  return { what: `pacman ${first.operation} and -R`, operation: '-R', options: [], targets, first, ...rest };
}

/** What the cache has is taken from there: the repositories may have it no more tomorrow. */
async function bringing(
  doors: PackageDoors,
  config: PacmanConfig,
  { bring, versionsOf }: { readonly bring: readonly VersionTarget[]; readonly versionsOf: VersionsOf },
): Promise<PacmanRun> {
  const names = bring.map(({ name }) => plainName(name));
  const offered = await versionsOf(names);
  const files = await cachedFiles(doors, config);
  const isOffered = ({ name, version }: VersionTarget): boolean =>
    offered.get(plainName(name))?.includes(version) ?? false;
  const uncached = bring.filter(
    (one) => !files.some((file) => file.name === plainName(one.name) && file.version === one.version),
  );
  if (uncached.length > 0 && bring.every(isOffered))
    return { operation: '-S', options: ['--needed'], targets: names };
  if (uncached.some(isOffered))
    throw new PatchError(
      'INVALID_REQUEST',
      `pacman cannot take some packages from its repositories and others from its cache in one run: fetch ${uncached.map(({ name }) => plainName(name)).join(', ')} into the cache first (pacman -Sw), and ask again. Nothing was changed.`,
    );
  const targets = await Promise.all(bring.map((target) => requireCached(doors, config, { target, offered })));
  return { operation: '-U', options: [], targets };
}

async function requireCached(
  doors: PackageDoors,
  config: PacmanConfig,
  { target: { name, version }, offered }: { readonly target: PackageTarget; readonly offered: Offered },
): Promise<string> {
  const files = await cachedFiles(doors, config);
  const found = files.find((one) => one.name === plainName(name) && one.version === version);
  if (found) return found.path;
  const isKnown = offered.has(plainName(name)) || files.some((one) => one.name === plainName(name));
  if (!isKnown)
    throw new PatchError('PKG_NOT_FOUND', `No repository of this host has "${name}". Nothing was changed.`);
  throw new PatchError(
    'VERSION_NOT_AVAILABLE',
    `Neither a repository of this host nor pacman's cache (${config.cacheFolders.join(', ')}) has ${name} ${version}. Nothing was changed.`,
  );
}

/** A package that was downloaded earlier. */
export interface CachedFile {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/** What the caches of pacman still have, by the names of their files. */
export async function cachedFiles(
  { files }: Pick<PackageDoors, 'files'>,
  { cacheFolders }: Pick<PacmanConfig, 'cacheFolders'>,
): Promise<CachedFile[]> {
  const found = await Promise.all(
    cacheFolders.map(async (folder) =>
      (await files.list(folder, { missingOk: true })).flatMap((file) => {
        const [, name, version] = /^(.+)-([^-]+-[^-]+)-[^-]+\.pkg\.tar(?:\.[a-z0-9]+)?$/.exec(file) ?? [];
        if (name === undefined || version === undefined || file.endsWith('.sig')) return [];
        return [{ name, version, path: join(folder, file) }];
      }),
    ),
  );
  return found.flat();
}
