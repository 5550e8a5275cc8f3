import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import {
  type CertificateFacts,
  parseCertificates,
  plainCertificates,
  plainPrivateKey,
  publicKeySpki,
  spkiSha256,
} from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';

/** A certificate and its private key, PEM. */
export interface Pair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Names of the pairs below the CA folder. */
export type PairName = 'root' | 'issuing' | 'client' | 'web';

/** Writes a pair; the key is never readable by anybody else, not even for an instant. */
export async function writePair(files: Files, folder: string, name: PairName, pair: Pair): Promise<void> {
  await files.writeDurably({ path: join(folder, `${name}.key.pem`), data: pair.privateKeyPem, mode: 0o600 });
  await files.writeDurably({ path: join(folder, `${name}.pem`), data: pair.certificatePem, mode: 0o644 });
}

/** Reads a pair, without what somebody wrote around its blocks; undefined when one of its files is not there. */
export async function findPair(files: Files, folder: string, name: PairName): Promise<Pair | undefined> {
  const certificatePem = await files.readText(join(folder, `${name}.pem`));
  const privateKeyPem = await files.readText(join(folder, `${name}.key.pem`));
  if (certificatePem === undefined || privateKeyPem === undefined) return undefined;
  return {
    certificatePem: plainCertificates(certificatePem),
    privateKeyPem: plainPrivateKey(privateKeyPem),
  };
}

/** The leaf of a pair; undefined when it is lost, damaged or, after a crash between its two files, without its key. */
export function leafOf(pair: Pair | undefined): CertificateFacts | undefined {
  if (!pair) return undefined;
  try {
    const [leaf] = parseCertificates(pair.certificatePem);
    return leaf && spkiSha256(publicKeySpki(pair.privateKeyPem)) === leaf.spkiSha256 ? leaf : undefined;
  } catch {
    return undefined;
  }
}

/** Reads certificates, without what somebody wrote around them; undefined when the file is not there. */
export async function findCertificates(files: Files, path: string): Promise<string | undefined> {
  const text = await files.readText(path);
  return text === undefined ? undefined : plainCertificates(text);
}

/** Whether a folder has anything of a CA in it; an empty one has not. */
export async function holdsAuthority(files: Files, caFolder: string): Promise<boolean> {
  return (await files.list(caFolder, { missingOk: true })).length > 0;
}

/** What to do about files of a CA that cannot be made again. */
export function lostAuthority(caFolder: string, what: string): PatchError {
  return new PatchError(
    'NOT_INITIALIZED',
    `${what}, and nobody can make it again. Nothing was changed. Restore ${caFolder} from your backup, and leave what is in it where it is; ` +
      'hosts go on serving meanwhile. A new authority would not be believed by any of them.',
  );
}

/**
 * Reads a pair of a CA.
 * @throws PatchError `NOT_INITIALIZED` when it is not there or damaged, with what to do.
 */
export async function readPair(files: Files, folder: string, name: 'root' | 'issuing'): Promise<Pair> {
  const pair = await findPair(files, folder, name);
  const both = `${join(folder, `${name}.pem`)} or its key ${name}.key.pem`;
  if (!pair) throw lostAuthority(folder, `${both} is missing`);
  if (!leafOf(pair)) throw lostAuthority(folder, `${both} is damaged, or belongs to another pair`);
  return pair;
}
