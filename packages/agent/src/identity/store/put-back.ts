import type { Files } from '@linux-patch/runtime';
import { currentGeneration, generationPaths, linkFixedPaths } from './generations.ts';
import { isSameSet, readMaterial } from './material.ts';
import type { CertificatePaths } from './paths.ts';
import { type Installation, installGeneration } from './store.ts';

/** Which files of the identity are gone, or emptied, as their configured paths show them. */
export async function lostFiles(files: Files, paths: CertificatePaths): Promise<string[]> {
  const lost: string[] = [];
  for (const path of [paths.ca, paths.certificate, paths.key]) {
    // What is there and cannot be read is not lost.
    const start = await files.readTextLimited(path, 1).catch(() => 'unreadable');
    if (!start) lost.push(path);
  }
  return lost;
}

/**
 * Puts the set in use back where it was deleted: from its generation when that is whole, else from memory as a new one.
 * @throws PatchError `PROVISION_FAILED`, or the system's error when nothing can be written there
 */
export async function putBack(installation: Installation): Promise<void> {
  const { files, paths, material } = installation;
  const current = await currentGeneration(files, paths);
  const kept =
    current === undefined
      ? undefined
      : await readMaterial(files, generationPaths(paths, current)).catch(() => undefined);
  if (kept && isSameSet(kept, material)) await linkFixedPaths(files, paths);
  else await installGeneration(installation);
}
