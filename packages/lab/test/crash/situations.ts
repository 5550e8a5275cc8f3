import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { inspectIdentity } from '../../../agent/src/identity/inspect.ts';
import { MANUAL_IDENTITY } from '../../../agent/src/identity/store/identity-meta.ts';
import { type Material, readMaterial } from '../../../agent/src/identity/store/material.ts';
import { pathsIn } from '../../../agent/src/identity/store/paths.ts';
import { rollBackDamaged } from '../../../agent/src/identity/store/roll-back.ts';
import { installGeneration } from '../../../agent/src/identity/store/store.ts';

const meta = { ...MANUAL_IDENTITY, trust: 'code', key_origin: 'host' } as const;
const WORDS = ['old', 'new', 'newest'] as const;
/** Three sets of certificates: one that may be there, the one that is installed, the one after it. */
export type Sets = Readonly<Record<(typeof WORDS)[number], Material>>;

export async function readSets(file: string): Promise<Sets> {
  return JSON.parse(await readFile(file, 'utf8')) as Sets;
}

const optionsAt = (certs: string) => ({
  files: systemFiles,
  paths: pathsIn(certs),
  clock: systemClock,
  thresholdDays: 7,
});
export const statusAt = async (certs: string) => (await inspectIdentity(optionsAt(certs))).status;
export const installAt = (certs: string, material: Material) =>
  installGeneration({ files: systemFiles, paths: pathsIn(certs), material, meta });

/** Which of the sets this is, whole. */
export function setOf(found: Material, sets: Sets): string {
  const isFound = (one: Material): boolean =>
    one.keyPem === found.keyPem && one.certificatePem === found.certificatePem;
  return WORDS.find((word) => isFound(sets[word])) ?? 'mixed';
}

/** Which of the sets is in use. */
export async function setAt(certs: string, sets: Sets): Promise<string> {
  return setOf(await readMaterial(systemFiles, pathsIn(certs)), sets);
}

async function copyByHand(certs: string, sets: Sets): Promise<void> {
  const { ca, certificate, key } = pathsIn(certs);
  await mkdir(certs);
  await writeFile(ca, sets.old.caPem);
  await writeFile(certificate, sets.old.certificatePem);
  await writeFile(key, sets.old.keyPem, { mode: 0o600 });
}

/** A change of the set on disk. */
interface Situation {
  readonly prepare: (certs: string, sets: Sets) => Promise<void>;
  readonly change: (certs: string, sets: Sets) => Promise<unknown>;
  /** What may be found when it was cut off. */
  readonly allowed: readonly string[];
}

const install = (certs: string, sets: Sets): Promise<void> => installAt(certs, sets.new);

export const SITUATIONS = {
  'a first install': { prepare: async () => {}, change: install, allowed: ['missing', 'new'] },
  'an install over another set': {
    prepare: (certs, sets) => installAt(certs, sets.old),
    change: install,
    allowed: ['old', 'new'],
  },
  'an install over files copied by hand': {
    prepare: copyByHand,
    change: install,
    allowed: ['old', 'new'],
  },
  'going back to an earlier set': {
    async prepare(certs, sets) {
      await installAt(certs, sets.old);
      await installAt(certs, sets.new);
      await truncate(pathsIn(certs).key, 0);
    },
    change: async (certs) => rollBackDamaged(optionsAt(certs), await statusAt(certs)),
    allowed: ['corrupt', 'old'],
  },
} satisfies Record<string, Situation>;

export type SituationName = keyof typeof SITUATIONS;
export const SITUATION_NAMES = Object.keys(SITUATIONS) as SituationName[];

/** Temporary files below a folder, which a finished agent never leaves. */
export async function temporaryFiles(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  return names.filter((name) => name.endsWith('.tmp'));
}

/** What is wrong with a set whose change was cut off, now and after the next start and the next install. */
export async function faultsAt(certs: string, name: SituationName, sets: Sets): Promise<string[]> {
  const status = await statusAt(certs);
  const found = status.status === 'valid' ? await setAt(certs, sets) : status.status;
  const allowed: readonly string[] = SITUATIONS[name].allowed;
  const faults = allowed.includes(found) ? [] : [`found ${found}`];
  await rollBackDamaged(optionsAt(certs), status);
  await installAt(certs, sets.newest);
  if ((await statusAt(certs)).status !== 'valid' || (await setAt(certs, sets)) !== 'newest')
    faults.push('the next install failed');
  const left = await temporaryFiles(certs);
  if (left.length > 0) faults.push(`left ${left.join(', ')}`);
  for (const generation of await readdir(join(certs, 'generations'))) {
    const files = await readdir(join(certs, 'generations', generation));
    if (files.length !== 5) faults.push(`${generation} has ${files.join(', ')}`);
  }
  return faults;
}
