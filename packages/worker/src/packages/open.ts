import { HOUR_MS, PatchError } from '@linux-patch/contract';
import type { Backend } from '../package-interface/backends.ts';
import { findBackend } from '../package-interface/find-backend.ts';
import type { PackageManager } from '../package-interface/package-manager.ts';
import { ADAPTERS } from './adapters.ts';
import { readDatabaseFaults, readDatabaseHealth } from './database-faults.ts';
import type { PackageDoors, PackageHost } from './doors.ts';
import { createPackageInventory } from './inventory.ts';
import { findLockHolder } from './locks.ts';
import { createPackageOperations } from './operations.ts';
import { PlanMemory } from './plan-memory.ts';
import { createPackagePlans } from './plans.ts';
import { createPackageReader } from './snapshot.ts';

/** A refresh without a job ends after this, however much data still comes; see `refreshLists` for silence. */
const QUIET_LIMIT_MS = HOUR_MS;

interface PackageManagerOptions extends PackageDoors, Pick<PackageHost, 'policy' | 'recorded'> {
  /** `package_manager.backend` of the configuration. */
  readonly configured: 'auto' | Backend;
}

/**
 * Finds and opens the host's package manager.
 * @throws PatchError `SERVICE_UNHEALTHY` when there is none that can be driven, or when a private root lacks what would
 *   keep the package manager inside it.
 */
export async function openPackageManager(options: PackageManagerOptions): Promise<PackageManager> {
  const { commands, files, clock, root, policy, recorded, configured } = options;
  const doors = { commands, files, clock, root };
  const entry = ADAPTERS[await findBackend(files, configured, root)];
  const fault = root === '/' ? undefined : await entry.findRootFault(doors);
  if (fault !== undefined) throw new PatchError('SERVICE_UNHEALTHY', `--root ${root} is given, but ${fault}`);
  return managePackages({ ...doors, policy, recorded, adapter: await entry.open(doors) });
}

function managePackages(host: PackageHost): PackageManager {
  const { adapter } = host;
  const reader = createPackageReader(host);
  const memory = new PlanMemory();
  const health = (signal: AbortSignal) => readDatabaseHealth(host, signal);
  const operations = createPackageOperations(host, reader, memory);
  return {
    inventory: createPackageInventory(adapter, {
      reader,
      plans: createPackagePlans(host, reader, memory),
      isClean: async () => (await health(new AbortController().signal)).clean,
    }),
    operations,
    refreshQuietly: (signal) =>
      operations.refresh({
        signal,
        timeoutMs: QUIET_LIMIT_MS,
        onProgress: () => {},
        onLine: () => {},
        onWaitingForLock: () => {},
      }),
    health,
    faults: (signal) => readDatabaseFaults(adapter, signal),
    lockHolder: () => findLockHolder(host),
    watched: () => adapter.reading.watched(),
    async stateFiles() {
      const { files, folders } = await adapter.reading.watched();
      return { files: [...files, ...adapter.reading.rebootFlags], folders };
    },
    rememberPlan: (steps) => void memory.remember(steps),
  };
}
