import { dirname, join } from 'node:path';
import { MANAGER_CLIENT_CN, PatchError } from '@linux-patch/contract';
import {
  createRoot,
  generateKey,
  type Issuer,
  issueCertificate,
  issuingProfile,
  managerClientProfile,
  publicKeySpki,
  rootProfile,
  serialFrom,
  spkiFingerprint,
  webProfile,
} from '@linux-patch/pki';
import { type Clock, type Files, ownUid, type Random } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import { ensureDatabaseFile } from '../database/file.ts';
import { makeJobKey } from '../job-key/stored-key.ts';
import { authorityPresence, everythingLost } from './initialised.ts';
import { type Pair, writePair } from './key-files.ts';

/** Names that the manager's HTTPS certificate carries. */
export interface WebNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface InitOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: ManagerPaths;
  readonly webNames: WebNames;
}

/** Begins the name of the folder in which an authority is made. */
const STAGING = '.ca-';

/** Issues one of the manager's own certificates, for a new key unless one is given. */
export async function issueOwn(
  options: Pick<InitOptions, 'clock' | 'random'>,
  issuer: Issuer,
  profile: Parameters<typeof issueCertificate>[0]['profile'],
  knownKeyPem?: string,
): Promise<Pair> {
  const privateKeyPem = knownKeyPem ?? (await generateKey());
  const leaf = await issueCertificate({
    profile,
    subjectSpki: publicKeySpki(privateKeyPem),
    issuer,
    serial: serialFrom(options.random.bytes(16)),
    now: options.clock.now(),
  });
  // A leaf travels with its issuing CA; a CA certificate stands alone.
  const certificatePem = profile.authority ? leaf : `${leaf.trimEnd()}\n${issuer.certificatePem}`;
  return { certificatePem, privateKeyPem };
}

/** Keys of an initialisation that did not come to its end. */
async function removeLeftovers(files: Files, folder: string): Promise<void> {
  for (const name of await files.list(folder)) {
    if (name.startsWith(STAGING)) await files.remove(join(folder, name));
  }
}

/** What root made in the folder of the user as whom the server runs is for that user. */
async function giveToServer(
  files: Files,
  { dataFolder, database }: ManagerPaths,
  staging: string,
): Promise<void> {
  const owner = await files.facts(dataFolder);
  if (!owner || owner.uid === 0 || (await ownUid(files)) !== 0) return;
  const made = (await files.list(staging)).map((name) => join(staging, name));
  for (const path of [...made, staging, database]) await files.setOwner(path, owner);
}

/**
 * Makes the certificate authority, the manager's client and web certificates, and the job key. Everything is made in a folder beside
 * and appears in one step, so that a crash leaves nothing or all.
 *
 * @returns the fingerprint of the root's key, `sha256:…`.
 * @throws PatchError `ALREADY_INITIALIZED` when there is an authority, or was one; nothing is changed then.
 */
export async function initialiseAuthority(options: InitOptions): Promise<{ readonly caFingerprint: string }> {
  const { files, clock, random, paths } = options;
  const presence = await authorityPresence(files, paths);
  if (presence === 'lost') {
    const { message } = everythingLost(paths.caFolder);
    throw new PatchError(
      'ALREADY_INITIALIZED',
      `${message} Where there is no backup and every host is to join again, keep what is left under another name first: mv ${paths.dataFolder} ${paths.dataFolder}.old`,
    );
  }
  if (presence === 'there') {
    throw new PatchError(
      'ALREADY_INITIALIZED',
      `This manager already has a certificate authority in ${paths.caFolder}. Nothing was changed, because hosts believe no other one. ` +
        'What is missing beside its keys (own certificates) is made again when the server starts: systemctl restart linux-patch-manager.',
    );
  }
  await files.makeFolder(paths.dataFolder, 0o700);
  await removeLeftovers(files, dirname(paths.caFolder));
  const staging = join(dirname(paths.caFolder), `${STAGING}${random.uuid()}`);
  await files.makeFolder(staging, 0o700);
  const rootKey = await generateKey();
  const rootPem = await createRoot({
    profile: rootProfile('Linux Patch Root CA'),
    privateKeyPem: rootKey,
    serial: serialFrom(random.bytes(16)),
    now: clock.now(),
  });
  const root: Pair = { certificatePem: rootPem, privateKeyPem: rootKey };
  const issuing = await issueOwn(options, root, issuingProfile('Linux Patch Issuing CA'));
  await writePair(files, staging, 'root', root);
  await writePair(files, staging, 'issuing', issuing);
  await writePair(
    files,
    staging,
    'client',
    await issueOwn(options, issuing, managerClientProfile(MANAGER_CLIENT_CN)),
  );
  await writePair(files, staging, 'web', await issueOwn(options, issuing, webProfile(options.webNames)));
  await makeJobKey(options, staging);
  await ensureDatabaseFile(files, paths.database);
  await giveToServer(files, paths, staging);
  await files.rename(staging, paths.caFolder);
  await files.syncFolder(paths.dataFolder);
  return { caFingerprint: spkiFingerprint(rootPem) };
}
