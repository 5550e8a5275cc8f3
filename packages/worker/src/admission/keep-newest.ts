import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';

/** Removes files of a folder, oldest first, until no more than `most` are left. */
export async function keepNewest(files: Files, folder: string, most: number): Promise<void> {
  const paths = (await files.list(folder)).map((name) => join(folder, name));
  if (paths.length <= most) return;
  const facts = await Promise.all(paths.map((path) => files.facts(path)));
  const oldestFirst = paths
    .map((path, index) => ({ path, modifiedMs: facts[index]?.modifiedMs ?? 0 }))
    .toSorted((one, other) => one.modifiedMs - other.modifiedMs);
  for (const { path } of oldestFirst.slice(0, -most)) await files.remove(path);
}
