import { dirname } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
import { z } from 'zod';
import type { PackageSnapshot } from './package-facts.ts';
import { parseSnapshot, snapshotText } from './snapshot-schema.ts';

/** Names of the state that a snapshot was read under, see `PackageReader.revision`. */
export interface SnapshotKey {
  readonly packages: string;
  readonly sources: string;
  /** See `StateKey`. */
  readonly learned: string;
}

/** The first line of the file. */
const Head = z.strictObject({
  format: z.literal(1),
  packages: z.string().max(128),
  sources: z.string().max(128),
  /** Of `StateKey`. */
  learned: z.string().max(32_768),
});

/** A snapshot, and what it was read under. */
export interface StoredSnapshot {
  readonly key: SnapshotKey;
  readonly snapshot: PackageSnapshot;
}

/** Where the newest snapshot outlives the agent. Nothing here fails: without it the package manager is asked. */
export interface SnapshotFile {
  /** What is stored was read under this state; undefined when nothing is, or it cannot be used. */
  key(): Promise<SnapshotKey | undefined>;
  /** What is stored; undefined when there is nothing that can be used. */
  load(): Promise<StoredSnapshot | undefined>;
  save(stored: StoredSnapshot): Promise<void>;
}

function readHead(line: string): SnapshotKey {
  const { format: _format, ...key } = Head.parse(JSON.parse(line));
  return key;
}

const HEAD_BYTES = 64 * 1024;
/** Some 50,000 packages. */
const LIMIT_BYTES = 32 * 1024 * 1024;
const MODE = 0o600;

export function openSnapshotFile(options: {
  readonly path: string;
  readonly files: Files;
  readonly logger: Logger;
}): SnapshotFile {
  const { path, files, logger } = options;
  const key = async (): Promise<SnapshotKey | undefined> => {
    const [line] = ((await files.readTextLimited(path, HEAD_BYTES)) ?? '').split('\n', 1);
    return line ? readHead(line) : undefined;
  };
  const ignored = (error: unknown): undefined => {
    logger.warn('the kept listing of packages cannot be used; it is made anew', {
      path,
      reason: messageOf(error).slice(0, 200),
    });
    return undefined;
  };
  return {
    key: () => key().catch(() => undefined),
    async load() {
      try {
        const facts = await files.facts(path);
        if (!facts) return undefined;
        if (facts.sizeBytes > LIMIT_BYTES) throw new Error(`it has ${facts.sizeBytes} bytes`);
        const [head = '', body = ''] = ((await files.readText(path)) ?? '').split('\n', 2);
        return { key: readHead(head), snapshot: parseSnapshot(body) };
      } catch (error) {
        return ignored(error);
      }
    },
    async save({ key, snapshot }) {
      const data = `${JSON.stringify({ format: 1, ...key })}\n${snapshotText(snapshot)}\n`;
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
