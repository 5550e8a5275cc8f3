import { dirname, join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import type { EnrollmentPlaces } from '../enrollment/settings.ts';
import { nextKeysFolder } from '../identity/store/next-key.ts';
import { type CertificatePaths, currentLink, fixedPaths, storeFolder } from '../identity/store/paths.ts';

/** Everything that makes this host somebody for a manager. */
export interface WipePlaces {
  readonly files: Files;
  readonly certificates: CertificatePaths;
  readonly enrollment: EnrollmentPlaces;
  /** The file with the manager's addresses. */
  readonly learnedAddresses: string;
  /** Has the host pin the manager's job key no more. */
  readonly forgetJobKey: () => Promise<void>;
}

/** Names of files that hold a private key, also half written ones. */
const HOLDS_KEY = /key\.pem(\.bak|\..*\.tmp)?$/;

async function shredKeysIn(files: Files, folder: string): Promise<void> {
  for (const name of await files.list(folder, { missingOk: true })) {
    if (HOLDS_KEY.test(name)) await files.shred(join(folder, name));
  }
}

/**
 * Wipes the identity: keys first, overwritten and then removed, then everything else. Each step may be done again, so a
 * wipe that was cut off is simply begun anew. The audit log, jobs, the allow list and the configuration stay; a token in
 * the configuration is not used any more.
 *
 * @throws Node's error when something cannot be removed
 */
export async function wipeIdentity(places: WipePlaces): Promise<void> {
  const { files, certificates } = places;
  const { pending, configuredToken } = places.enrollment;
  const store = storeFolder(certificates);
  const generations = join(store, 'generations');
  await files.shred(pending.keyFile);
  for (const name of await files.list(generations, { missingOk: true })) {
    await shredKeysIn(files, join(generations, name));
  }
  await shredKeysIn(files, nextKeysFolder(certificates));
  await shredKeysIn(files, dirname(certificates.key));
  await files.shred(certificates.key);
  // The state holds the host code and the token.
  await files.shred(pending.stateFile);
  await configuredToken.markUsed();
  await files.remove(places.learnedAddresses);
  await places.forgetJobKey();
  await files.remove(generations);
  await files.remove(nextKeysFolder(certificates));
  await files.remove(currentLink(certificates));
  for (const { path } of fixedPaths(certificates)) {
    await files.remove(path);
    await files.remove(`${path}.bak`);
  }
}
