import { dirname } from 'node:path';
import { lazily } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import { z } from 'zod';

const Holder = lazily(() => z.object({ pid: z.int().positive(), since: z.iso.datetime() }));
/** The process that has a lock. */
export type LockHolder = z.infer<typeof Holder>;

/** What came of asking for a lock; who has it is unknown where the disk did not take its name. */
export type LockResult = { readonly lock: AsyncDisposable } | { readonly heldBy: LockHolder | undefined };

const NOTE_LIMIT_BYTES = 1_000;

async function readHolder(files: Files, path: string): Promise<LockHolder | undefined> {
  try {
    return Holder.safeParse(JSON.parse((await files.readTextLimited(path, NOTE_LIMIT_BYTES)) ?? '')).data;
  } catch {
    return undefined;
  }
}

/**
 * Takes a lock that one process of this host can hold, or says who does. It ends with the process, however that ends.
 *
 * @param wait until it is free, or until this signal aborts
 * @throws what `Files.lock` throws
 */
export async function takeLock(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  path: string,
  wait?: AbortSignal,
): Promise<LockResult> {
  await files.makeFolder(dirname(path), 0o700);
  const self: LockHolder = { pid: process.pid, since: new Date(clock.now()).toISOString() };
  const lock = await files.lock(path, { note: `${JSON.stringify(self)}\n`, ...(wait ? { wait } : {}) });
  return lock ? { lock } : { heldBy: await readHolder(files, path) };
}
