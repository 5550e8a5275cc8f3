import { join, relative } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { type ManagerPaths, managerPaths } from '../config/paths.ts';
import { MAX_FILES, unusable } from './manifest.ts';

/** Keys, certificates and settings are small. */
const MAX_FILE_BYTES = 16 * 1_024 ** 2;
const MAX_DEPTH = 4;

/** A file of the manager as it is now. */
export interface PresentFile {
  /** Below the root, as in the archive. */
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
}

const STANDARD = managerPaths('/');
/** Where things lie in every archive, whatever `--root` and `--config` say. */
export const PLACES = {
  config: relative('/', STANDARD.configFile),
  database: relative('/', STANDARD.database),
  caFolder: relative('/', STANDARD.caFolder),
  adminToken: relative('/', STANDARD.adminToken),
} as const;

/** Where a file of an archive belongs on this machine; undefined for what a manager does not have. */
export function placeOf(path: string, paths: ManagerPaths): string | undefined {
  if (path === PLACES.config) return paths.configFile;
  if (path === PLACES.database) return paths.database;
  if (path === PLACES.adminToken) return paths.adminToken;
  const inside = relative(PLACES.caFolder, path);
  const isPlain = inside.split('/').every((part) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(part));
  return isPlain ? join(paths.caFolder, inside) : undefined;
}

async function readOne(files: Files, from: string, path: string): Promise<PresentFile[]> {
  const facts = await files.factsBehind(from);
  if (facts?.kind !== 'file') return [];
  if (facts.sizeBytes > MAX_FILE_BYTES)
    throw unusable(`${from} has ${facts.sizeBytes} bytes, which no file of a manager has there.`);
  const data = await files.readBytes(from);
  return data ? [{ path, mode: facts.mode & 0o777, data }] : [];
}

/** Half-written files of a program that is at work now begin with a dot. */
async function readFolder(files: Files, from: string, path: string, depth = 1): Promise<PresentFile[]> {
  const found: PresentFile[] = [];
  for (const name of await files.list(from, { missingOk: true })) {
    if (name.startsWith('.')) continue;
    const [source, place] = [join(from, name), join(path, name)];
    const isFolder = (await files.facts(source))?.kind === 'folder';
    if (isFolder && depth < MAX_DEPTH) found.push(...(await readFolder(files, source, place, depth + 1)));
    else if (!isFolder) found.push(...(await readOne(files, source, place)));
    if (found.length >= MAX_FILES) throw unusable(`${from} has more files than a manager has there.`);
  }
  return found;
}

/** Everything but the database: the configuration, the keys of CA and changes, the token if there is one. */
export async function readPresent(
  files: Files,
  paths: ManagerPaths,
  configFile: string,
): Promise<PresentFile[]> {
  return [
    ...(await readOne(files, configFile, PLACES.config)),
    ...(await readFolder(files, paths.caFolder, PLACES.caFolder)),
    ...(await readOne(files, paths.adminToken, PLACES.adminToken)),
  ];
}

/** Whether nothing of it changed in between. */
export function areSame(before: readonly PresentFile[], after: readonly PresentFile[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ path, data }, index) => {
      const other = after[index];
      return other?.path === path && Buffer.compare(other.data, data) === 0;
    })
  );
}
