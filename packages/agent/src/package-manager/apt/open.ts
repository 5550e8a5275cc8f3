import { REFRESH_LIMIT_MS } from '../../jobs/cache-refresh.ts';
import type { PackageManager, PackageManagerOptions } from '../package-manager.ts';
import { type AptContext, aptPath } from './apt-context.ts';
import { createAptInventory, createAptReader } from './inventory.ts';
import { createAptOperations } from './operations.ts';

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
        timeoutMs: REFRESH_LIMIT_MS,
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
