import { dirname } from 'node:path';
import { messageOf, VERSION } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
import { PackageListing } from '@linux-patch/worker';
import { z } from 'zod';

/** The first line of the file. */
const Head = z.object({ format: z.number(), version: z.string().max(64).optional() });

const OWN = { format: 2, version: VERSION } as const;

/** Some 50,000 packages. */
const LIMIT_BYTES = 32 * 1024 * 1024;
const MODE = 0o600;

/** Where the newest listing outlives the agent. Nothing here fails: without it the worker is asked. */
export interface ListingFile {
  /** What is kept; undefined when there is nothing that can be used. */
  load(): Promise<PackageListing | undefined>;
  save(listing: PackageListing): Promise<void>;
}

export function openListingFile(options: {
  readonly path: string;
  readonly files: Files;
  readonly logger: Logger;
}): ListingFile {
  const { path, files, logger } = options;
  return {
    async load() {
      try {
        const facts = await files.facts(path);
        if (!facts) return undefined;
        if (facts.sizeBytes > LIMIT_BYTES) throw new Error(`it has ${facts.sizeBytes} bytes`);
        const [head = '', body = ''] = ((await files.readText(path)) ?? '').split('\n', 2);
        const { format, version } = Head.parse(JSON.parse(head));
        // Another release may make something else of the same state.
        if (format !== OWN.format || version !== OWN.version) return undefined;
        return PackageListing.parse(JSON.parse(body));
      } catch (error) {
        const reason = messageOf(error).slice(0, 200);
        logger.warn('the kept listing of packages cannot be used; it is made anew', { path, reason });
        return undefined;
      }
    },
    async save(listing) {
      const data = `${JSON.stringify(OWN)}\n${JSON.stringify(listing)}\n`;
      if (data.length > LIMIT_BYTES) return;
      try {
        await files.makeFolder(dirname(path), 0o755);
        await files.writeDurably({ path, data, mode: MODE });
      } catch (error) {
        logger.warn('the listing of packages cannot be kept for the next start', { path, error });
      }
    },
  };
}
