import { dirname, join, relative } from 'node:path';
import type { Files } from '@linux-patch/runtime';

/** Where an agent's identity lives; the configured paths, or the fixed ones under the root. */
export interface CertificatePaths {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly crl: string;
}

/** File names inside a generation folder. */
export const GENERATION_FILES = {
  ca: 'ca.pem',
  certificate: 'server.pem',
  key: 'server.key.pem',
  crl: 'crl.pem',
} as const;

/** The four files in one folder. */
export function pathsIn(folder: string): CertificatePaths {
  return {
    ca: join(folder, GENERATION_FILES.ca),
    certificate: join(folder, GENERATION_FILES.certificate),
    key: join(folder, GENERATION_FILES.key),
    crl: join(folder, GENERATION_FILES.crl),
  };
}

/** The folder with the generations and the link to the current one. It lies beside the private key. */
export function storeFolder(paths: CertificatePaths): string {
  return dirname(paths.key);
}

/** The link that makes a set of files current. */
export function currentLink(paths: CertificatePaths): string {
  return join(storeFolder(paths), 'current');
}

/**
 * What was looked for beside the certificates; nothing in a folder that root keeps to itself. Root has copied the files that
 * are there (they are read out to the agent), and the agent has laid nothing beside them.
 */
export function unlessClosed<T>(looked: Promise<T | undefined>): Promise<T | undefined> {
  return looked.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') return undefined;
    throw error;
  });
}

/** Where the link to the current set leads; undefined where there is none. */
export function currentTarget(
  files: Pick<Files, 'readLink'>,
  paths: CertificatePaths,
): Promise<string | undefined> {
  return unlessClosed(files.readLink(currentLink(paths)));
}

/** A fixed path and the file of a generation that it stands for. */
export interface FixedPath {
  readonly path: string;
  readonly name: string;
}

export function fixedPaths(paths: CertificatePaths): FixedPath[] {
  return [
    { path: paths.ca, name: GENERATION_FILES.ca },
    { path: paths.certificate, name: GENERATION_FILES.certificate },
    { path: paths.crl, name: GENERATION_FILES.crl },
    { path: paths.key, name: GENERATION_FILES.key },
  ];
}

/** Where the link at a fixed path points; relative beside the store, so that the folder can be moved as a whole. */
export function linkTarget(paths: CertificatePaths, fixed: FixedPath): string {
  const target = join(currentLink(paths), fixed.name);
  return dirname(fixed.path) === storeFolder(paths) ? relative(dirname(fixed.path), target) : target;
}

/** Whether a fixed path leads through `current`; somebody may have put a file or another link in its place. */
export async function isManaged(files: Files, paths: CertificatePaths, fixed: FixedPath): Promise<boolean> {
  return (await files.readLink(fixed.path)) === linkTarget(paths, fixed);
}
