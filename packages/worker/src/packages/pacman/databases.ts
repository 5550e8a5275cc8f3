import { join } from 'node:path';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { PacmanConfig } from './config.ts';
import { localFolder } from './local-database.ts';

/**
 * Where databases of repositories are downloaded to. pacman's own ones belong to what is installed: with newer ones and
 * without an upgrade, the next installation would bring in what was built for libraries that this host does not have.
 */
const OWN = 'var/cache/pacman/linux-patch-api';
/** The user to whom pacman 7 leaves downloads has to come by. */
const FOLDER_MODE = 0o755;

export function ownFolder(doors: Pick<PackageDoors, 'root'>): string {
  return belowRoot(doors, OWN);
}

/** A database of a repository, as it is on disk. */
export interface Database {
  readonly path: string;
  /** When it changed, as the server says. */
  readonly modifiedMs: number;
}

/** Folders with databases of the repositories: pacman's own, and ours. */
export function syncFolders(
  doors: Pick<PackageDoors, 'root'>,
  { databaseFolder }: Pick<PacmanConfig, 'databaseFolder'>,
): { readonly pacmans: string; readonly ours: string } {
  return { pacmans: join(databaseFolder, 'sync'), ours: join(ownFolder(doors), 'sync') };
}

/** What a folder has of the repositories, by their names. */
export async function databasesIn(
  { files }: Pick<PackageDoors, 'files'>,
  folder: string,
  { repositories }: Pick<PacmanConfig, 'repositories'>,
): Promise<ReadonlyMap<string, Database>> {
  const found = await Promise.all(
    repositories.map(async ({ name }) => {
      const path = join(folder, `${name}.db`);
      const facts = await files.factsBehind(path);
      return facts ? [[name, { path, modifiedMs: facts.modifiedMs }] as const] : [];
    }),
  );
  return new Map(found.flat());
}

/** The folder that knows more repositories, and of two that know the same the one that is not older. */
export async function newestFolder(doors: PackageDoors, config: PacmanConfig): Promise<string> {
  const { pacmans, ours } = syncFolders(doors, config);
  const [theirs, own] = [await databasesIn(doors, pacmans, config), await databasesIn(doors, ours, config)];
  if (theirs.size !== own.size) return theirs.size > own.size ? pacmans : ours;
  const isNewer = [...theirs].some(
    ([name, { modifiedMs }]) => modifiedMs > (own.get(name)?.modifiedMs ?? Infinity),
  );
  return isNewer ? pacmans : ours;
}

/** Makes the folder for databases of our own; it may have been there before. */
export async function makeOwnFolder({ files, root }: PackageDoors): Promise<string> {
  const folder = ownFolder({ root });
  await files.makeFolder(join(folder, 'sync'), FOLDER_MODE);
  // The umask of whoever made it may have been stricter.
  for (const path of [folder, join(folder, 'sync')]) await files.setMode(path, FOLDER_MODE);
  return folder;
}

/** What is installed and a folder with databases, put together for one question, with a lock of its own. */
export interface DatabaseView extends AsyncDisposable {
  readonly folder: string;
}

let views = 0;

/** @param syncFolder the databases of the repositories to ask */
export async function openView(
  doors: PackageDoors,
  config: PacmanConfig,
  syncFolder: string,
): Promise<DatabaseView> {
  const { files } = doors;
  const own = await makeOwnFolder(doors);
  await removeAbandoned(doors, own);
  const folder = join(own, `view-${process.pid}-${++views}`);
  await files.remove(folder);
  await files.makeFolder(folder, FOLDER_MODE);
  const local = localFolder(config);
  // pacman makes an empty one where nothing was ever installed.
  if (await files.factsBehind(local)) await files.replaceLink(local, join(folder, 'local'));
  await files.replaceLink(syncFolder, join(folder, 'sync'));
  return { folder, [Symbol.asyncDispose]: () => files.remove(folder) };
}

/** What processes left that were killed: views, and half a refresh. */
async function removeAbandoned({ files }: PackageDoors, own: string): Promise<void> {
  for (const name of await files.list(own)) {
    const [, pid] = /^(?:view|next)-(\d+)(?:-\d+)?$/.exec(name) ?? [];
    if (pid !== undefined && !(await files.facts(`/proc/${pid}`))) await files.remove(join(own, name));
  }
}
