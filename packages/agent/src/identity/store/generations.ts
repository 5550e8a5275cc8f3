import { basename, dirname, join } from 'node:path';
import { parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { META_FILE } from './identity-meta.ts';
import {
  type CertificatePaths,
  currentLink,
  currentTarget,
  fixedPaths,
  linkTarget,
  pathsIn,
  storeFolder,
} from './paths.ts';

export const FOLDER_MODE = 0o755;
const GENERATION_NAME = /^gen-(\d{6,})$/;

/** The folder of all generations. */
export function generationsFolder(paths: CertificatePaths): string {
  return join(storeFolder(paths), 'generations');
}

export function generationName(number: number): string {
  return `gen-${String(number).padStart(6, '0')}`;
}

/** Where the files of a generation lie. */
export function generationPaths(paths: CertificatePaths, name: string): CertificatePaths {
  return pathsIn(join(generationsFolder(paths), name));
}

/** Numbers of all generation folders, whole or not, newest first. */
export async function generationNumbers(files: Files, folder: string): Promise<number[]> {
  const names = await files.list(folder, { missingOk: true });
  return names
    .flatMap((name) => GENERATION_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/** Names of the generations that were written to their end, newest first. */
export async function completeGenerations(files: Files, paths: CertificatePaths): Promise<string[]> {
  const folder = generationsFolder(paths);
  const names: string[] = [];
  for (const number of await generationNumbers(files, folder)) {
    const name = generationName(number);
    if ((await files.facts(join(folder, name, META_FILE))) !== undefined) names.push(name);
  }
  return names;
}

/** Name of the current generation; undefined when there is none. */
export async function currentGeneration(files: Files, paths: CertificatePaths): Promise<string | undefined> {
  const target = await currentTarget(files, paths);
  return target === undefined ? undefined : basename(target);
}

/** Makes a generation that is on disk current, in one step. */
export function switchTo(files: Files, paths: CertificatePaths, name: string): Promise<void> {
  return files.replaceLink(join('generations', name), currentLink(paths));
}

/** Makes the fixed paths lead through `current`; a folder in the place of a file is kept as `.bak`. */
export async function linkFixedPaths(files: Files, paths: CertificatePaths): Promise<void> {
  for (const fixed of fixedPaths(paths)) {
    await files.makeFolder(dirname(fixed.path), FOLDER_MODE);
    const facts = await files.facts(fixed.path);
    // A folder where a file belongs cannot be replaced by a rename.
    if (facts?.kind === 'folder') {
      await files.remove(`${fixed.path}.bak`);
      await files.rename(fixed.path, `${fixed.path}.bak`);
    }
    await files.replaceLink(linkTarget(paths, fixed), fixed.path);
  }
}

/** Serial numbers of every certificate that this host has or had and still keeps. */
export async function installedSerials(files: Files, paths: CertificatePaths): Promise<string[]> {
  const names = await completeGenerations(files, paths);
  const places = [paths.certificate, ...names.map((name) => generationPaths(paths, name).certificate)];
  const serials: string[] = [];
  for (const place of places) {
    try {
      const [leaf] = parseCertificates((await files.readText(place)) ?? '');
      if (leaf) serials.push(leaf.serialHex);
    } catch {
      // What cannot be read has no serial number that could come again.
    }
  }
  return [...new Set(serials)];
}
