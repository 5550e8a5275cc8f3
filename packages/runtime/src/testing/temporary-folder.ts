import { accessSync, constants, statfsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A last write of what a test closed may still be on its way; removing the folder is tried again for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

const MEMORY = '/dev/shm';
/** In some containers there are a few megabytes of it. */
const ROOM_BYTES = 1_000_000_000;

function hasRoom(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize > ROOM_BYTES;
  } catch {
    return false;
  }
}

/**
 * A real folder that goes away with the test. `inMemory` puts it on a tmpfs where there is one, for tests that flush
 * to the disk thousands of times.
 */
export async function temporaryFolder(
  options: { readonly inMemory?: boolean } = {},
): Promise<AsyncDisposable & { readonly path: string }> {
  const parent = options.inMemory && hasRoom(MEMORY) ? MEMORY : tmpdir();
  const path = await mkdtemp(join(parent, 'linux-patch-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, REMOVAL) };
}
