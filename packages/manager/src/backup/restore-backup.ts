import { dirname, join } from 'node:path';
import { spkiFingerprint } from '@linux-patch/pki';
import type { Files, Logger, User } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { holdsAuthority } from '../authority/key-files.ts';
import type { ManagerPaths } from '../config/paths.ts';
import { type ManagerConfig, ManagerConfigSchema } from '../config/schema.ts';
import { MIGRATIONS } from '../database/migrations/index.ts';
import type { Key } from './archive.ts';
import { PLACES, placeOf } from './contents.ts';
import {
  type DatabaseChoice,
  databaseFile,
  fillServer,
  forgetSessions,
  inspectDatabase,
} from './database-copy.ts';
import { noRoom } from './make-room.ts';
import { type BackupManifest, unusable } from './manifest.ts';
import { readArchive, type UnpackedFile } from './read-archive.ts';

export interface RestoreOptions {
  readonly files: Files;
  readonly paths: ManagerPaths;
  /** What holds now; the configuration in the archive, if there is one, takes its place. */
  readonly config: Pick<ManagerConfig, 'database'>;
  readonly logger: Logger;
  readonly from: string;
  readonly key: Key;
  readonly signal: AbortSignal;
}

/** What was put in place, and what stood there and was kept beside. */
export interface Restored {
  readonly manifest: BackupManifest;
  readonly keptBeside: readonly string[];
}

/** Added to the name of what a restore finds in its place. */
const KEPT = '.before-restore';

async function requireRoom({ files, paths }: RestoreOptions): Promise<void> {
  if (!(await holdsAuthority(files, paths.caFolder))) return;
  throw noRoom(`There is a certificate authority in ${paths.caFolder}`, paths);
}

/** Looks at everything before anything is put in place. */
async function judge(
  { files, paths }: RestoreOptions,
  manifest: BackupManifest,
  unpacked: readonly UnpackedFile[],
) {
  const at = new Map(unpacked.map((file) => [file.path, file.at]));
  const stranger = unpacked.find(({ path }) => placeOf(path, paths) === undefined);
  if (stranger) throw unusable(`The archive holds ${stranger.path}, which no manager has.`);
  const [root, key, database] = [
    `${PLACES.caFolder}/root.pem`,
    `${PLACES.caFolder}/root.key.pem`,
    PLACES.database,
  ].map((path) => at.get(path));
  if (!root || !key || !database || at.size < unpacked.length) {
    throw unusable('The archive lacks the certificate authority or the database, or has a file twice.');
  }
  if (spkiFingerprint((await files.readText(root)) ?? '') !== manifest.ca_fingerprint) {
    throw unusable('The archive holds another certificate authority than it says.');
  }
  const { schema } = inspectDatabase(database);
  if (!MIGRATIONS[schema])
    throw unusable(
      `The backup was made by version ${manifest.version}, which is newer than this program. Install that version or a later one, then restore.`,
    );
  forgetSessions(database);
}

/** Keeps what is in the way, under a name that is free; returns that name. What is the same as the new one is in nobody's way. */
async function keepBeside(files: Files, path: string, replacement?: string): Promise<string[]> {
  if (!(await files.facts(path))) return [];
  if (replacement !== undefined && (await files.readText(path)) === (await files.readText(replacement)))
    return [];
  let free = path + KEPT;
  for (let number = 2; await files.facts(free); number += 1) free = `${path}${KEPT}-${number}`;
  await files.rename(path, free);
  return [free];
}

/** Configuration and database first: a manager whose CA is not there yet does not start, and a second try goes on. */
function inOrder(unpacked: readonly UnpackedFile[]): UnpackedFile[] {
  const isOfCa = ({ path }: UnpackedFile): boolean => path.startsWith(`${PLACES.caFolder}/`);
  return [...unpacked.filter((file) => !isOfCa(file)), ...unpacked.filter(isOfCa)];
}

/** The database that the manager will use: its configuration comes back with it. */
async function futureDatabase(
  { files, paths, config: present }: RestoreOptions,
  unpacked: readonly UnpackedFile[],
): Promise<DatabaseChoice> {
  const kept = unpacked.find(({ path }) => path === PLACES.config);
  const given = { path: kept?.at ?? '', schema: ManagerConfigSchema, required: true };
  const config = kept ? (await readConfiguration({ files, ...given })).value : present;
  return { files, paths, config };
}

/** A server is filled before anything is put in place; a file is moved with the others. */
async function putInPlace(options: RestoreOptions, unpacked: readonly UnpackedFile[], staging: string) {
  const { files, logger } = options;
  const future = await futureDatabase(options, unpacked);
  const file = databaseFile(future);
  const paths = { ...options.paths, database: file ?? options.paths.database };
  const owner = (await files.facts(paths.dataFolder)) ?? { uid: 0, gid: 0 };
  const staged = { ...paths, caFolder: join(staging, 'ca') };
  const kept: string[] = [];
  for (const { path, mode, at } of inOrder(unpacked)) {
    if (path === PLACES.database && file === undefined) {
      // Beside the copy the user of the manager has to make a log.
      for (const one of [staging, at]) await files.setOwner(one, owner);
      await files.actAs(owner, () => fillServer(future, at, logger));
      continue;
    }
    const place = placeOf(path, staged) ?? at;
    await files.makeFolder(dirname(place), place.startsWith(staging) ? 0o700 : 0o755);
    await files.setMode(at, mode);
    if (path !== PLACES.config) await files.setOwner(at, owner);
    kept.push(...(await keepBeside(files, place, path === PLACES.config ? at : undefined)));
    if (path === PLACES.database)
      for (const log of ['-wal', '-shm']) kept.push(...(await keepBeside(files, place + log)));
    await files.rename(at, place);
  }
  return { kept, owner, ca: staged.caFolder };
}

/** Folders that were made for the files of the CA belong to who owns these. */
async function giveFolders(files: Files, folder: string, owner: User) {
  await files.setOwner(folder, owner);
  for (const name of await files.list(folder)) {
    const path = join(folder, name);
    if ((await files.facts(path))?.kind === 'folder') await giveFolders(files, path, owner);
  }
}

/**
 * Puts a backup in the place of a manager that has no CA yet. The CA appears last and in one step: whatever ends this
 * earlier, it can be run again.
 * @throws PatchError `ALREADY_INITIALIZED`, `BACKUP_UNUSABLE`
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { files, paths } = options;
  await requireRoom(options);
  await files.makeFolder(paths.dataFolder, 0o700);
  const staging = join(paths.dataFolder, '.restore');
  await files.remove(staging);
  await files.makeFolder(staging, 0o700);
  try {
    const { manifest, unpacked } = await readArchive({ ...options, staging });
    await judge(options, manifest, unpacked);
    const { kept, owner, ca } = await putInPlace(options, unpacked, staging);
    await giveFolders(files, ca, owner);
    await files.remove(paths.caFolder);
    await files.rename(ca, paths.caFolder);
    await files.syncFolder(paths.dataFolder);
    return { manifest, keptBeside: kept };
  } finally {
    await files.remove(staging);
  }
}
