import { dirname, join } from 'node:path';
import { validateIdentity } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { META_FILE } from './identity-meta.ts';
import {
  type CertificatePaths,
  currentLink,
  fixedPaths,
  GENERATION_FILES,
  linkTarget,
  storeFolder,
} from './paths.ts';

interface Search {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly now: number;
}

/** Name of the newest complete generation whose identity can be used now; undefined when there is none. */
export async function findValidGeneration({ files, paths, now }: Search): Promise<string | undefined> {
  const folder = join(storeFolder(paths), 'generations');
  const names = await files.list(folder, { missingOk: true }).catch(() => []);
  for (const name of names.filter((one) => /^gen-\d{6,}$/.test(one)).toReversed()) {
    if (await isValid({ files, paths, now }, join(folder, name))) return name;
  }
  return undefined;
}

async function isValid({ files, now }: Search, folder: string): Promise<boolean> {
  const read = async (name: string) => {
    const path = join(folder, name);
    return { path, text: await files.readText(path).catch(() => undefined) };
  };
  if ((await files.facts(join(folder, META_FILE))) === undefined) return false;
  const candidate = {
    ca: await read(GENERATION_FILES.ca),
    certificate: await read(GENERATION_FILES.certificate),
    key: await read(GENERATION_FILES.key),
  };
  return validateIdentity(candidate, { occasion: 'start', now, thresholdDays: 0 }).status.status === 'valid';
}

/** Makes a generation current and lets every fixed path lead to it; what is in a path's place is kept as `.bak`. */
export async function restoreGeneration(options: {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly name: string;
}): Promise<void> {
  const { files, paths, name } = options;
  await files.replaceLink(join('generations', name), currentLink(paths));
  for (const fixed of fixedPaths(paths)) {
    const target = linkTarget(paths, fixed);
    if ((await files.readLink(fixed.path)) === target) continue;
    const facts = await files.facts(fixed.path);
    if (facts && facts.kind !== 'link') {
      await files.remove(`${fixed.path}.bak`);
      await files.rename(fixed.path, `${fixed.path}.bak`);
    }
    await files.makeFolder(dirname(fixed.path), 0o755);
    await files.replaceLink(target, fixed.path);
  }
}
