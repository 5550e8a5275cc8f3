import { isoOf, lazily, messageOf } from '@linux-patch/contract';
import { type Files, type Logger, readState, writeState } from '@linux-patch/runtime';
import { z } from 'zod';

/** Why packages could not be managed when they were last looked at. */
export interface PackageHealth {
  /** `ok` when nothing was found against them. */
  readonly words: string;
  /** When that was; undefined when they were never looked at, in epoch milliseconds. */
  readonly atMs: number | undefined;
}

const Stored = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    at: z.iso.datetime(),
    health: z.string().max(4_096),
  }),
);

/** Where what was found last outlives the agent. Nothing here fails: without it nothing is known until somebody looks. */
export interface PackageHealthFile {
  load(): Promise<PackageHealth | undefined>;
  save(health: PackageHealth & { readonly atMs: number }): Promise<void>;
}

export function openPackageHealthFile(options: {
  readonly path: string;
  readonly files: Files;
  readonly logger: Logger;
}): PackageHealthFile {
  const { path, files, logger } = options;
  return {
    async load() {
      try {
        const stored = await readState(files, path, Stored);
        return stored && { words: stored.health, atMs: Date.parse(stored.at) };
      } catch (error) {
        const reason = messageOf(error).slice(0, 200);
        logger.warn('how the packages were is not known any more; they are looked at again', {
          path,
          reason,
        });
        return undefined;
      }
    },
    async save({ words, atMs }) {
      const stored: z.infer<typeof Stored> = { v: 1, at: isoOf(atMs), health: words.slice(0, 4_096) };
      try {
        await writeState(files, path, stored);
      } catch (error) {
        logger.warn('how the packages are cannot be kept for the next start', { path, error });
      }
    },
  };
}
