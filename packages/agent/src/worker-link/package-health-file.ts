import { dirname } from 'node:path';
import { lazily, messageOf } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
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

const LIMIT_BYTES = 64 * 1024;

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
        const text = await files.readTextLimited(path, LIMIT_BYTES);
        if (text === undefined) return undefined;
        const { at, health } = Stored.parse(JSON.parse(text));
        return { words: health, atMs: Date.parse(at) };
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
      const stored = { v: 1, at: new Date(atMs).toISOString(), health: words.slice(0, 4_096) } as const;
      try {
        await files.makeFolder(dirname(path), 0o755);
        await files.writeDurably({
          path,
          data: `${JSON.stringify(stored satisfies z.infer<typeof Stored>)}\n`,
          mode: 0o600,
        });
      } catch (error) {
        logger.warn('how the packages are cannot be kept for the next start', { path, error });
      }
    },
  };
}
