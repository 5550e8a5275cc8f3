import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A last write of what a test closed may still be on its way; removing the folder is tried again for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

/** A real folder that goes away with the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'linux-patch-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, REMOVAL) };
}
