import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { lazily, messageOf, VERSION } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
import { ListingState, type PackageListing } from '@linux-patch/worker';
import { z } from 'zod';

const OWN = { format: 3, version: VERSION } as const;

/** The first line of the file: whose it is, of which state, and what the second line has to be. */
const Whose = lazily(() => z.object({ format: z.number(), version: z.string().max(64).optional() }));
const Head = lazily(() =>
  ListingState.extend({
    format: z.literal(OWN.format),
    version: z.literal(OWN.version),
    sha256: z.string().length(64),
  }),
);
type Head = z.infer<typeof Head>;

const HEAD_BYTES = 64 * 1024;
/** Some 50,000 packages. */
const LIMIT_BYTES = 32 * 1024 * 1024;
const MODE = 0o600;

/** Where the newest listing outlives the agent. Nothing here fails: without it the worker is asked. */
export interface ListingFile {
  /** Of which state the kept listing is; undefined when there is none that can be used. Costs a line, not the listing. */
  state(): Promise<ListingState | undefined>;
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
  const usable = async <T>(read: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      const reason = messageOf(error).slice(0, 200);
      logger.warn('the kept listing of packages cannot be used; it is made anew', { path, reason });
      return undefined;
    }
  };
  return {
    state: () =>
      usable(async () => {
        const text = await files.readTextLimited(path, HEAD_BYTES);
        const head = text === undefined ? undefined : readHead(text.split('\n', 1)[0] ?? '');
        return head && { key: head.key, watched: head.watched };
      }),
    load: () =>
      usable(async () => {
        const facts = await files.facts(path);
        if (!facts) return undefined;
        if (facts.sizeBytes > LIMIT_BYTES) throw new Error(`it has ${facts.sizeBytes} bytes`);
        const [line = '', body = ''] = ((await files.readText(path)) ?? '').split('\n', 2);
        const head = readHead(line);
        if (head && digestOf(body) !== head.sha256)
          throw new Error('its second line is not what was written');
        return head && (JSON.parse(body) as PackageListing);
      }),
    async save(listing) {
      const { key, watched } = listing;
      const body = JSON.stringify(listing);
      const head: Head = { ...OWN, key, watched, sha256: digestOf(body) };
      const data = `${JSON.stringify(head)}\n${body}\n`;
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

/** What this release wrote itself has the right shape; a look at each member takes longer than all else that is done with it. */
function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** @returns undefined for one of another release, which may make something else of the same state. @throws when it is damaged */
function readHead(line: string): Head | undefined {
  const value: unknown = JSON.parse(line);
  const { format, version } = Whose.parse(value);
  if (format !== OWN.format || version !== OWN.version) return undefined;
  return Head.parse(value);
}
