import { lazily } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';
import type { PackageManager } from '../package-interface/package-manager.ts';
import { watchedKey } from '../package-interface/watched-files.ts';
import { ListingState } from './package-listing.ts';

const Text = z.string().max(4_096);
const MOST_CHARACTERS = 65_536;
const Prose = z.string().max(MOST_CHARACTERS);

/** Whether a host needs a reboot, and whether what is installed is sound. */
export const StateAnswer = lazily(() =>
  ListingState.extend({
    reboot: z.strictObject({ required: z.boolean(), reasons: z.array(Prose).max(1_000) }),
    /** False when packages are half installed, or dependencies of what is installed are not met. */
    clean: z.boolean(),
    /** `ok`, or why packages cannot be managed; where somebody works with them, only what that does not explain. */
    health: Prose,
    /** Who works with the package database now; absent when nobody does. */
    busy: Text.optional(),
  }),
);
export type StateAnswer = z.infer<typeof StateAnswer>;

/** @throws PatchError when the package manager cannot say; never with less than there is */
export async function readState(
  packages: Pick<PackageManager, 'inventory' | 'stateFiles' | 'health'>,
  files: Files,
  signal: AbortSignal,
): Promise<StateAnswer> {
  const watched = await packages.stateFiles();
  const key = await watchedKey(files, watched);
  const { required, reasons } = await packages.inventory.rebootRequired();
  const { clean, words, busy } = await packages.health(signal);
  return {
    key,
    watched: { files: [...watched.files], folders: [...watched.folders] },
    reboot: { required, reasons: reasons.map((one) => one.slice(0, MOST_CHARACTERS)) },
    clean,
    health: words.slice(0, MOST_CHARACTERS),
    busy,
  };
}
