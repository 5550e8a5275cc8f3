import { basename, dirname, join, relative } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { type IdentityMeta, MANUAL_IDENTITY, META_FILE } from './identity-meta.ts';
import type { Material } from './material.ts';
import { type CertificatePaths, currentLink, GENERATION_FILES, storeFolder } from './paths.ts';

const KEY_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const FOLDER_MODE = 0o755;
const KEPT_GENERATIONS = 3;
const GENERATION_NAME = /^gen-(\d{6,})$/;

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
  return [
    { name: GENERATION_FILES.ca, data: material.caPem, mode: PUBLIC_MODE },
    { name: GENERATION_FILES.certificate, data: material.certificatePem, mode: PUBLIC_MODE },
    { name: GENERATION_FILES.key, data: material.keyPem, mode: KEY_MODE },
    { name: GENERATION_FILES.crl, data: material.crlPem ?? '', mode: PUBLIC_MODE },
    { name: META_FILE, data: `${JSON.stringify(meta, null, 2)}\n`, mode: PUBLIC_MODE },
  ];
}

async function generationNumbers(files: Files, folder: string): Promise<number[]> {
  const names = await files.list(folder, { missingOk: true });
  return names.flatMap((name) => GENERATION_NAME.exec(name)?.[1] ?? []).map(Number);
}

/** Writes a complete generation folder and returns its name; nothing refers to it yet. */
async function writeGeneration(installation: Omit<Installation, 'paths'>, folder: string): Promise<string> {
  const { files } = installation;
  await files.makeFolder(folder, FOLDER_MODE);
  const next = Math.max(0, ...(await generationNumbers(files, folder))) + 1;
  const name = `gen-${String(next).padStart(6, '0')}`;
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

/** The fixed paths and the file each stands for. */
function fixedPaths(paths: CertificatePaths): { path: string; name: string }[] {
  return [
    { path: paths.ca, name: GENERATION_FILES.ca },
    { path: paths.certificate, name: GENERATION_FILES.certificate },
    { path: paths.crl, name: GENERATION_FILES.crl },
    { path: paths.key, name: GENERATION_FILES.key },
  ];
}

function linkTarget(paths: CertificatePaths, path: string, name: string): string {
  const target = join(currentLink(paths), name);
  return dirname(path) === storeFolder(paths) ? relative(dirname(path), target) : target;
}

/** Whether every fixed path already leads through `current`. */
async function isLinked(files: Files, paths: CertificatePaths): Promise<boolean> {
  for (const { path, name } of fixedPaths(paths)) {
    if ((await files.readLink(path)) !== linkTarget(paths, path, name)) return false;
  }
  return (await files.readLink(currentLink(paths))) !== undefined;
}

/**
 * Files that were copied by hand become a generation of their own before the first install, so that the
 * switch is one step for them too. A `.bak` of each stays beside it.
 */
async function adoptPlainFiles(files: Files, paths: CertificatePaths, folder: string): Promise<void> {
  const texts = new Map<string, string>();
  for (const { path, name } of fixedPaths(paths)) {
    if ((await files.facts(path))?.kind !== 'file') continue;
    const text = await files.readText(path).catch(() => undefined);
    if (text === undefined) continue;
    texts.set(name, text);
    const mode = name === GENERATION_FILES.key ? KEY_MODE : PUBLIC_MODE;
    await files.writeDurably({ path: `${path}.bak`, data: text, mode });
  }
  const [ca, certificate, key] = [
    GENERATION_FILES.ca,
    GENERATION_FILES.certificate,
    GENERATION_FILES.key,
  ].map((name) => texts.get(name));
  if (ca === undefined || certificate === undefined || key === undefined) return;
  const material = {
    caPem: ca,
    certificatePem: certificate,
    keyPem: key,
    crlPem: texts.get(GENERATION_FILES.crl),
  };
  const name = await writeGeneration({ files, material, meta: MANUAL_IDENTITY }, folder);
  await files.replaceLink(join('generations', name), currentLink(paths));
  await linkFixedPaths(files, paths);
}

async function linkFixedPaths(files: Files, paths: CertificatePaths): Promise<void> {
  for (const { path, name } of fixedPaths(paths)) {
    await files.makeFolder(dirname(path), FOLDER_MODE);
    const facts = await files.facts(path);
    // A folder where a file belongs cannot be replaced by a rename.
    if (facts?.kind === 'folder') await files.rename(path, `${path}.bak-${basename(path)}`);
    await files.replaceLink(linkTarget(paths, path, name), path);
  }
}

/** Removes all but the newest generations and the current one, and half-written ones of a crash. */
async function prune(files: Files, paths: CertificatePaths, folder: string): Promise<void> {
  const current = basename((await files.readLink(currentLink(paths))) ?? '');
  const numbers = (await generationNumbers(files, folder)).sort((a, b) => b - a);
  for (const number of numbers.slice(KEPT_GENERATIONS)) {
    const name = `gen-${String(number).padStart(6, '0')}`;
    if (name !== current) await files.remove(join(folder, name));
  }
}

/**
 * Makes a new set of certificates current, as one transaction: whatever happens, the set on disk is the
 * complete old one or the complete new one. The last three sets are kept.
 *
 * @throws PatchError `PROVISION_FAILED` with the system's reason; the old set is untouched.
 */
export async function installGeneration(installation: Installation): Promise<void> {
  const { files, paths } = installation;
  const folder = join(storeFolder(paths), 'generations');
  try {
    await files.makeFolder(storeFolder(paths), FOLDER_MODE);
    const linked = await isLinked(files, paths);
    if (!linked) await adoptPlainFiles(files, paths, folder);
    const name = await writeGeneration(installation, folder);
    await files.replaceLink(join('generations', name), currentLink(paths));
    if (!linked) await linkFixedPaths(files, paths);
  } catch (cause) {
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
