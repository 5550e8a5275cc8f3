import { isPatchError, lazily } from '@linux-patch/contract';
import { z } from 'zod';
import type { PackageManager } from '../package-interface/package-manager.ts';

/** More than anybody reads. */
const MOST_NAMES = 10_000;
const MOST_CHARACTERS = 65_536;
const Text = z.string().max(4_096);
const Prose = z.string().max(MOST_CHARACTERS);

/** Answer to `faults`: what is wrong with the packages of a host, each for itself; what is not wrong is absent. */
export const FaultsAnswer = lazily(() =>
  z.discriminatedUnion('packages', [
    /** There is no package manager that can be driven. */
    z.strictObject({ packages: z.literal('missing'), reason: Prose }),
    /** Somebody works with the packages; half installed ones are a matter of course then. */
    z.strictObject({
      packages: z.literal('busy'),
      /** No `pid` when it cannot be seen from here. */
      holder: z.strictObject({ pid: z.int().positive().optional(), program: Text }),
    }),
    /** See `DatabaseFaults`. */
    z.strictObject({
      packages: z.literal('read'),
      interrupted: Text.optional(),
      unconfigured: z.array(Text).max(MOST_NAMES),
      unmet: Prose.optional(),
      commands: z.strictObject({ audit: Text, retry: Text, mend: Text }),
    }),
  ]),
);
export type FaultsAnswer = z.infer<typeof FaultsAnswer>;

/** @throws PatchError when the package manager cannot say; never with less than there is */
export async function readFaults(
  open: () => Promise<Pick<PackageManager, 'faults' | 'lockHolder'>>,
  signal: AbortSignal,
): Promise<FaultsAnswer> {
  let packages: Awaited<ReturnType<typeof open>>;
  try {
    packages = await open();
  } catch (error) {
    if (!isPatchError(error, 'SERVICE_UNHEALTHY')) throw error;
    return { packages: 'missing', reason: error.message.slice(0, MOST_CHARACTERS) };
  }
  const holder = await packages.lockHolder().catch(() => undefined);
  if (holder) return { packages: 'busy', holder };
  const { interrupted, unconfigured, unmet, commands } = await packages.faults(signal);
  return {
    packages: 'read',
    interrupted,
    unconfigured: unconfigured.slice(0, MOST_NAMES),
    unmet: unmet?.slice(0, MOST_CHARACTERS),
    commands,
  };
}
