import { join } from 'node:path';
import { generateKey, publicKeySpki } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { installedSerials } from './generations.ts';
import { type CertificatePaths, storeFolder } from './paths.ts';
import { refuseForeignFolder } from './store.ts';

const FOLDER_MODE = 0o700;
const KEY_MODE = 0o600;
const SUFFIX = '.key.pem';

/** The folder of keys that have no certificate yet. */
export function nextKeysFolder(paths: CertificatePaths): string {
  return join(storeFolder(paths), 'next-keys');
}

function isKey(pem: string | undefined): pem is string {
  try {
    return pem !== undefined && publicKeySpki(pem).length > 0;
  } catch {
    return false;
  }
}

/**
 * The key of the certificate that follows the one of this serial number: always the same, made at the first question and
 * durable before it is returned. So whoever asks again, after a lost answer or on a machine that was set back, asks for
 * what was asked before.
 *
 * @throws Node's error, and PatchError `PROVISION_FAILED`, when it cannot be written
 */
export async function nextKey(files: Files, paths: CertificatePaths, serialHex: string): Promise<string> {
  const folder = nextKeysFolder(paths);
  const path = join(folder, `${serialHex}${SUFFIX}`);
  const known = await files.readText(path);
  if (isKey(known)) return known;
  await refuseForeignFolder(files, paths);
  const made = await generateKey();
  await files.makeFolder(folder, FOLDER_MODE);
  await files.writeDurably({ path, data: made, mode: KEY_MODE });
  return made;
}

/** Removes keys that would follow certificates which this host does not have any more. */
export async function forgetNextKeys(files: Files, paths: CertificatePaths): Promise<void> {
  const folder = nextKeysFolder(paths);
  const kept = new Set((await installedSerials(files, paths)).map((serial) => `${serial}${SUFFIX}`));
  for (const name of await files.list(folder, { missingOk: true })) {
    if (!kept.has(name)) await files.shred(join(folder, name));
  }
}
