import type { PackageManager, PackageManagerOptions } from '../package-manager.ts';
import { type AptContext, aptPath } from './apt-context.ts';
import { createAptInventory } from './inventory.ts';
import { createAptOperations } from './operations.ts';
import { createAptReader } from './reader.ts';

/** A refresh without a job ends after this, however much data still comes; see `refreshLists` for silence. */
const QUIET_LIMIT_MS = 3_600_000;

/** The apt adapter. */
export function openApt(options: PackageManagerOptions): PackageManager {
  const context: AptContext = options;
  const reader = createAptReader(context);
  const operations = createAptOperations(context, reader);
  return {
    inventory: createAptInventory(context, reader),
    operations,
    refreshQuietly: (signal) =>
      operations.refresh({
        signal,
        timeoutMs: QUIET_LIMIT_MS,
        onProgress: () => {},
        onLine: () => {},
        onWaitingForLock: () => {},
      }),
    async health() {
      const journal = await context.files.list(aptPath(context, 'var/lib/dpkg/updates'), { missingOk: true });
      return journal.length === 0 ? 'ok' : 'dpkg was interrupted; the next job repairs it';
    },
  };
}
