import type { PackageManager, PackageManagerOptions } from '../package-manager.ts';
import type { AptContext } from './apt-context.ts';
import { createDatabaseWatch } from './database-faults.ts';
import { createAptInventory } from './inventory.ts';
import { createAptOperations } from './operations.ts';
import { createAptReader } from './reader.ts';

/** A refresh without a job ends after this, however much data still comes; see `refreshLists` for silence. */
const QUIET_LIMIT_MS = 3_600_000;

/** The apt adapter. */
export function openApt(options: PackageManagerOptions): PackageManager {
  const context: AptContext = options;
  const reader = createAptReader(context);
  const database = createDatabaseWatch(context);
  const operations = createAptOperations(context, reader);
  return {
    inventory: createAptInventory(context, reader, database),
    operations,
    refreshQuietly: (signal) =>
      operations.refresh({
        signal,
        timeoutMs: QUIET_LIMIT_MS,
        onProgress: () => {},
        onLine: () => {},
        onWaitingForLock: () => {},
      }),
    health: () => database.health(),
  };
}
