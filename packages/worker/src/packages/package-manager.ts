import type { DatabaseFaults } from './database-faults.ts';
import type { LockHolder } from './locks.ts';
import type { PackageInventory } from './package-inventory.ts';
import type { PackageOperations, SourceFailure } from './package-operations.ts';
import type { WatchedFiles } from './watched-files.ts';

/** The host's package manager: the half that reads and the half that changes. */
export interface PackageManager {
  readonly inventory: PackageInventory;
  readonly operations: PackageOperations;
  /** Refreshes the package lists without a job. Resolves to the sources that failed while others did not. */
  readonly refreshQuietly: (signal: AbortSignal) => Promise<readonly SourceFailure[]>;
  /** `ok`, or why packages cannot be managed; answers at once. */
  readonly health: () => Promise<string>;
  /** What is wrong with what is installed; asks the package manager. */
  readonly faults: (signal: AbortSignal) => Promise<DatabaseFaults>;
  /** What listings stand on, on disk. */
  readonly watched: () => Promise<WatchedFiles>;
  /** Who works with the package database now; undefined when nobody does. */
  readonly lockHolder: () => Promise<LockHolder | undefined>;
}
