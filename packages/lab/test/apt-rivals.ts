import type { HostPlan } from '../../worker/src/package-interface/package-plans.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { type Situation, situation } from './apt-situation.ts';

/** Somebody who waits for a plan. */
export const waiting = { signal: new AbortController().signal, limitMs: 100_000 };

/** `action name from to` of each step. */
export function stepsOf({ steps }: Pick<HostPlan, 'steps'>): string[] {
  return steps.map(({ action, name, from, to }) => [action, name, from ?? '-', to ?? '-'].join(' '));
}

/** `name version` of each installed package. */
export async function installed({ packages }: Pick<Situation, 'packages'>): Promise<string[]> {
  return (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);
}

/** A door that needs its key in the same version, a client that wants a new library, and a rival of a package. */
const OLD: readonly ToyPackage[] = [
  { name: 'toydoor', version: '1' },
  { name: 'toykey', version: '1', depends: 'toydoor (= 1)' },
  { name: 'toyclient', version: '1' },
  { name: 'toyfoe', version: '1' },
];
/** What is published later. */
export const NEW_RIVALS: readonly ToyPackage[] = [
  ...OLD,
  { name: 'toydoor', version: '2' },
  {
    name: 'toyclient',
    version: '2',
    depends: 'toylibrary',
    files: { '/usr/share/toyclient/big': 'x'.repeat(9_000) },
  },
  { name: 'toylibrary', version: '3' },
  { name: 'toyrival', version: '1', conflicts: 'toyfoe' },
];
export const RIVAL_NAMES = OLD.map((one) => one.name);

/** A host that has the old ones, for which the new ones are published since. */
export async function rivals(folder: string): Promise<Situation> {
  const host = await situation(folder, { published: { main: OLD }, installed: RIVAL_NAMES });
  await host.publish({ main: NEW_RIVALS });
  return host;
}
