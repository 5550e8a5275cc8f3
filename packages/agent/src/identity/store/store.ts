import { basename, dirname, join } from 'node:path';
import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { folderFaults } from './file-checks.ts';
import {
  currentGeneration,
  FOLDER_MODE,
  generationName,
  generationNumbers,
  generationsFolder,
  linkFixedPaths,
  switchTo,
} from './generations.ts';
import { certificateDigest, type IdentityMeta, MANUAL_IDENTITY, META_FILE } from './identity-meta.ts';
import type { Material } from './material.ts';
import {
  type CertificatePaths,
  currentLink,
  fixedPaths,
  GENERATION_FILES,
  isManaged,
  storeFolder,
} from './paths.ts';

const KEY_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const KEPT_GENERATIONS = 3;

/** One set of files to install. */
export interface Installation {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly material: Material;
  readonly meta: IdentityMeta;
}

/** Files of one generation with their modes, the private key included. */
function generationFiles(
  material: Material,
  meta: IdentityMeta,
): { name: string; data: string; mode: number }[] {
  const notes = { ...meta, certificate_sha256: certificateDigest(material.certificatePem) };
  // The notes come last: a generation without them is what a crash left.
  return [
    { name: GENERATION_FILES.ca, data: material.caPem, mode: PUBLIC_MODE },
    { name: GENERATION_FILES.certificate, data: material.certificatePem, mode: PUBLIC_MODE },
    { name: GENERATION_FILES.key, data: material.keyPem, mode: KEY_MODE },
    { name: GENERATION_FILES.crl, data: material.crlPem ?? '', mode: PUBLIC_MODE },
    { name: META_FILE, data: `${JSON.stringify(notes, null, 2)}\n`, mode: PUBLIC_MODE },
  ];
}

/** Writes a complete generation folder and returns its name; nothing refers to it yet. */
async function writeGeneration(installation: Omit<Installation, 'paths'>, folder: string): Promise<string> {
  const { files } = installation;
  await files.makeFolder(folder, FOLDER_MODE);
  const next = ((await generationNumbers(files, folder))[0] ?? 0) + 1;
  const name = generationName(next);
  const target = join(folder, name);
  try {
    await files.makeFolder(target, FOLDER_MODE);
    for (const file of generationFiles(installation.material, installation.meta)) {
      await files.writeDurably({ path: join(target, file.name), data: file.data, mode: file.mode });
    }
    await files.syncFolder(folder);
  } catch (error) {
    await files.remove(target).catch(() => {});
    throw error;
  }
  return name;
}

/** Whether every fixed path already leads through `current`. */
async function isLinked(files: Files, paths: CertificatePaths): Promise<boolean> {
  for (const fixed of fixedPaths(paths)) {
    if (!(await isManaged(files, paths, fixed))) return false;
  }
  return (await files.readLink(currentLink(paths))) !== undefined;
}

/** What can be read at the fixed paths now, through whatever links; a file put there by hand keeps a `.bak`. */
async function readPresentSet(files: Files, paths: CertificatePaths): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const fixed of fixedPaths(paths)) {
    const text = await files.readText(fixed.path).catch(() => undefined);
    if (text === undefined) continue;
    texts.set(fixed.name, text);
    if (await isManaged(files, paths, fixed)) continue;
    const mode = fixed.name === GENERATION_FILES.key ? KEY_MODE : PUBLIC_MODE;
    await files.writeDurably({ path: `${fixed.path}.bak`, data: text, mode });
  }
  return texts;
}

/**
 * Files that were put at the fixed paths by hand become a generation of their own before the install, so that the
 * switch is one step for them too.
 */
async function adoptPresentSet(files: Files, paths: CertificatePaths, folder: string): Promise<void> {
  const texts = await readPresentSet(files, paths);
  const caPem = texts.get(GENERATION_FILES.ca);
  const certificatePem = texts.get(GENERATION_FILES.certificate);
  const keyPem = texts.get(GENERATION_FILES.key);
  if (caPem === undefined || certificatePem === undefined || keyPem === undefined) return;
  const material = { caPem, certificatePem, keyPem, crlPem: texts.get(GENERATION_FILES.crl) };
  const name = await writeGeneration({ files, material, meta: MANUAL_IDENTITY }, folder);
  await switchTo(files, paths, name);
  await linkFixedPaths(files, paths);
}

/** Removes what crashes left and all but the newest complete generations; never the current one. */
async function prune(files: Files, paths: CertificatePaths, folder: string): Promise<void> {
  const current = await currentGeneration(files, paths);
  let kept = 0;
  for (const number of await generationNumbers(files, folder)) {
    const name = generationName(number);
    const complete = (await files.facts(join(folder, name, META_FILE))) !== undefined;
    if (complete) kept += 1;
    if (name !== current && (!complete || kept > KEPT_GENERATIONS)) await files.remove(join(folder, name));
  }
  await removeTemporaries(files, [currentLink(paths), ...fixedPaths(paths).map(({ path }) => path)]);
}

/** Removes what a crash left of a file or link that was being written: `.NAME.….tmp` beside it. */
async function removeTemporaries(files: Files, targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    const prefix = `.${basename(target)}.`;
    for (const name of await files.list(dirname(target), { missingOk: true })) {
      if (name.startsWith(prefix) && name.endsWith('.tmp')) await files.remove(join(dirname(target), name));
    }
  }
}

/** A key is never written where somebody else could have put a link. */
export async function refuseForeignFolder(files: Files, paths: CertificatePaths): Promise<void> {
  const facts = await files.facts(storeFolder(paths));
  if (facts?.kind !== 'link') return;
  const [fault] = (await folderFaults(files, paths)).filter((one) => one.refuses);
  if (!fault) return;
  throw new PatchError('PROVISION_FAILED', `${fault.message} Nothing was written.`, {
    details: { check: fault.check, code: null },
  });
}

/**
 * Makes a new set of certificates current, as one transaction: whatever happens, the set on disk is the
 * complete old one or the complete new one. The last three sets are kept.
 *
 * @throws PatchError `PROVISION_FAILED` with the system's reason; the old set is untouched.
 */
export async function installGeneration(installation: Installation): Promise<void> {
  const { files, paths } = installation;
  const folder = generationsFolder(paths);
  try {
    await refuseForeignFolder(files, paths);
    await files.makeFolder(storeFolder(paths), FOLDER_MODE);
    const linked = await isLinked(files, paths);
    if (!linked) await adoptPresentSet(files, paths, folder);
    const name = await writeGeneration(installation, folder);
    await switchTo(files, paths, name);
    if (!linked) await linkFixedPaths(files, paths);
  } catch (cause) {
    if (isPatchError(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    throw new PatchError(
      'PROVISION_FAILED',
      `The new certificates could not be written below ${storeFolder(paths)}: ${messageOf(cause)}. ` +
        'The certificates that were there are untouched.',
      { cause, details: { code: code ?? null } },
    );
  }
  await prune(files, paths, folder).catch(() => {});
}
