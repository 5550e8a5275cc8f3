import type { IdentityStatus } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { type InspectedPlace, inspectIdentity } from '../inspect.ts';
import { completeGenerations, generationPaths, linkFixedPaths, switchTo } from './generations.ts';
import { type CertificatePaths, fixedPaths, GENERATION_FILES, isManaged } from './paths.ts';

type UsableStatus = Extract<IdentityStatus, { status: 'valid' | 'expiring_soon' }>;

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

/** The newest complete set that passes every check now; undefined when there is none. */
export async function findUsableGeneration(
  place: InspectedPlace,
): Promise<{ readonly name: string; readonly status: UsableStatus } | undefined> {
  const { files, paths, clock, thresholdDays } = place;
  for (const name of await completeGenerations(files, paths).catch(() => [])) {
    const generation = { files, paths: generationPaths(paths, name), clock, thresholdDays };
    const { status } = await inspectIdentity(generation, { handshake: true });
    if (status.status === 'valid' || status.status === 'expiring_soon') return { name, status };
  }
  return undefined;
}

/** Makes a set current and lets every fixed path lead to it; a file in a path's place is kept as `.bak`. */
export async function makeCurrent(files: Files, paths: CertificatePaths, name: string): Promise<void> {
  await switchTo(files, paths, name);
  await moveAside(files, paths);
  await linkFixedPaths(files, paths);
}

/**
 * Where the current set is damaged, makes the newest kept one current that passes every check. Returns its status;
 * undefined when nothing was changed.
 */
export async function rollBackDamaged(
  place: InspectedPlace,
  found: IdentityStatus,
): Promise<UsableStatus | undefined> {
  const { files, paths } = place;
  if (!(await isDamaged(files, paths, found))) return undefined;
  const kept = await findUsableGeneration(place);
  if (kept) await makeCurrent(files, paths, kept.name);
  return kept?.status;
}
