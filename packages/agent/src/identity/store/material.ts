import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { plainCertificates, plainPrivateKey } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { type CertificatePaths, currentTarget, GENERATION_FILES, isManaged, storeFolder } from './paths.ts';

/** One complete set, read together. PEM texts, without anything that stands around the blocks on disk. */
export interface Material {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly crlPem: string | undefined;
}

/** Each path inside the current generation where it leads there, else as configured. */
export async function resolvePaths(files: Files, paths: CertificatePaths): Promise<CertificatePaths> {
  const generation = await currentTarget(files, paths);
  if (generation === undefined) return paths;
  const folder = join(storeFolder(paths), generation);
  const resolve = async (path: string, name: string): Promise<string> =>
    (await isManaged(files, paths, { path, name })) ? join(folder, name) : path;
  return {
    ca: await resolve(paths.ca, GENERATION_FILES.ca),
    certificate: await resolve(paths.certificate, GENERATION_FILES.certificate),
    key: await resolve(paths.key, GENERATION_FILES.key),
    crl: await resolve(paths.crl, GENERATION_FILES.crl),
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
    caPem: plainCertificates(await must(from.ca)),
    certificatePem: plainCertificates(await must(from.certificate)),
    keyPem: plainPrivateKey(await must(from.key)),
    crlPem: crlPem?.trim() ? crlPem : undefined,
  };
}

/** Whether both are served with the same certificate, key and CAs. */
export function isSameSet(one: Material, other: Material): boolean {
  return (
    one.caPem === other.caPem && one.certificatePem === other.certificatePem && one.keyPem === other.keyPem
  );
}
