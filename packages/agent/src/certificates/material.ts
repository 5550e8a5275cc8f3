import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { type CertificatePaths, currentLink, GENERATION_FILES, storeFolder } from './paths.ts';

/** One complete set, read together. PEM texts. */
export interface Material {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly crlPem: string | undefined;
}

/** Paths of one set: inside the current generation when the configured paths lead there, else as configured. */
export async function resolvePaths(files: Files, paths: CertificatePaths): Promise<CertificatePaths> {
  const generation = await files.readLink(currentLink(paths));
  const keyLink = await files.readLink(paths.key);
  if (generation === undefined || !keyLink?.includes('current/')) return paths;
  const folder = join(storeFolder(paths), generation);
  return {
    ca: join(folder, GENERATION_FILES.ca),
    certificate: join(folder, GENERATION_FILES.certificate),
    key: join(folder, GENERATION_FILES.key),
    crl: join(folder, GENERATION_FILES.crl),
  };
}

/**
 * Reads the current set. The link to the current generation is resolved once, so that a set that is
 * swapped meanwhile never mixes with the old one.
 * @throws PatchError `CERT_MISSING` when a file is not there.
 */
export async function readMaterial(files: Files, paths: CertificatePaths): Promise<Material> {
  const from = await resolvePaths(files, paths);
  const must = async (path: string): Promise<string> => {
    const text = await files.readText(path);
    if (text === undefined) throw new PatchError('CERT_MISSING', `${path} does not exist.`);
    return text;
  };
  const crlPem = await files.readText(from.crl);
  return {
    caPem: await must(from.ca),
    certificatePem: await must(from.certificate),
    keyPem: await must(from.key),
    crlPem: crlPem?.trim() ? crlPem : undefined,
  };
}
