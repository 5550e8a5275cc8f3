import { createHash } from 'node:crypto';
import type { Files } from '@linux-patch/runtime';

/** Files and folders on which a reading stands. */
export interface WatchedFiles {
  readonly files: readonly string[];
  /** These themselves, and everything directly in them. */
  readonly folders: readonly string[];
}

/** The folder itself and what is in it; an editor changes a file without touching its folder. */
async function withContents(files: Pick<Files, 'list'>, folder: string): Promise<string[]> {
  const names = await files.list(folder, { missingOk: true });
  return [folder, ...names.map((name) => `${folder}/${name}`)];
}

/** Identity, time and size of files and folders. Package managers read what links lead to, so that is what counts. */
export async function describeWatched(
  files: Pick<Files, 'list' | 'factsBehind'>,
  watched: WatchedFiles,
): Promise<string> {
  const inFolders = await Promise.all(watched.folders.map((folder) => withContents(files, folder)));
  const paths = [...watched.files, ...inFolders.flat()];
  const facts = await Promise.all(paths.map((path) => files.factsBehind(path)));
  return facts
    .map((one, index) => `${paths[index]}:${one ? `${one.inode}:${one.modifiedMs}:${one.sizeBytes}` : '-'}`)
    .join('|');
}

/** Names the state of these files: another when one of them was changed, made or removed. */
export async function watchedKey(
  files: Pick<Files, 'list' | 'factsBehind'>,
  watched: WatchedFiles,
): Promise<string> {
  return createHash('sha256')
    .update(await describeWatched(files, watched))
    .digest('hex');
}
