import type { IdentityStatus } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { type InspectOptions, inspectIdentity } from '../inspect.ts';
import { completeGenerations, generationPaths, linkFixedPaths, switchTo } from './generations.ts';
import { type CertificatePaths, fixedPaths, GENERATION_FILES, isManaged } from './paths.ts';

/** Keeps a copy of what stands at the fixed paths instead of the links. */
async function moveAside(files: Files, paths: CertificatePaths): Promise<void> {
  for (const fixed of fixedPaths(paths)) {
    if (await isManaged(files, paths, fixed)) continue;
    if ((await files.facts(fixed.path))?.kind === 'file') await files.rename(fixed.path, `${fixed.path}.bak`);
  }
}

/**
 * Whether an identity that cannot be used was damaged. Certificates that somebody put in place on purpose, or took away
 * altogether, are that person's decision and no damage; a clock that is wrong damages nothing.
 */
async function isDamaged(
  files: Files,
  paths: CertificatePaths,
  { status }: IdentityStatus,
): Promise<boolean> {
  if (status === 'valid' || status === 'expiring_soon' || status === 'not_yet_valid') return false;
  const fixed = fixedPaths(paths).filter((one) => one.name !== GENERATION_FILES.crl);
  const managed = await Promise.all(fixed.map((one) => isManaged(files, paths, one)));
  if (managed.every(Boolean) || status === 'corrupt') return true;
  if (status !== 'missing') return false;
  const present = await Promise.all(fixed.map((one) => files.facts(one.path)));
  return present.some((facts) => facts !== undefined);
}

/**
 * Where the current set is damaged, makes the newest kept one current that passes every check. Returns its status;
 * undefined when nothing was changed.
 */
export async function rollBackDamaged(
  options: InspectOptions,
  found: IdentityStatus,
): Promise<Extract<IdentityStatus, { status: 'valid' | 'expiring_soon' }> | undefined> {
  const { files, paths } = options;
  if (!(await isDamaged(files, paths, found))) return undefined;
  for (const name of await completeGenerations(files, paths)) {
    const kept = { ...options, paths: generationPaths(paths, name), handshake: true };
    const { status } = await inspectIdentity(kept);
    if (status.status !== 'valid' && status.status !== 'expiring_soon') continue;
    await switchTo(files, paths, name);
    await moveAside(files, paths);
    await linkFixedPaths(files, paths);
    return status;
  }
  return undefined;
}
