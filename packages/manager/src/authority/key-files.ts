import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
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

/**
 * Reads a pair.
 * @throws PatchError `NOT_INITIALIZED` when it is not there.
 */
export async function readPair(files: Files, folder: string, name: PairName): Promise<Pair> {
  const certificatePem = await files.readText(join(folder, `${name}.pem`));
  const privateKeyPem = await files.readText(join(folder, `${name}.key.pem`));
  if (certificatePem === undefined || privateKeyPem === undefined) {
    throw new PatchError(
      'NOT_INITIALIZED',
      `This manager has no certificate authority yet: ${join(folder, `${name}.pem`)} or its key is missing. Run 'linux-patch-manager init'.`,
    );
  }
  return { certificatePem, privateKeyPem };
}
