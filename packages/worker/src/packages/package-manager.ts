import type { PlanStep } from '@linux-patch/contract';
import type { DatabaseFaults, DatabaseHealth } from './database-faults.ts';
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
  /** Whether what is installed is sound; asks the package manager. */
  readonly health: (signal: AbortSignal) => Promise<DatabaseHealth>;
  /** What is wrong with what is installed; asks the package manager. */
  readonly faults: (signal: AbortSignal) => Promise<DatabaseFaults>;
  /** What listings stand on, on disk. */
  readonly watched: () => Promise<WatchedFiles>;
  /** What `inventory.rebootRequired` and `health` stand on, on disk. */
  readonly stateFiles: () => Promise<WatchedFiles>;
  /** Takes over a plan that was made elsewhere, to say later what is different. */
  readonly rememberPlan: (steps: readonly PlanStep[]) => void;
  /** Who works with the package database now; undefined when nobody does. */
  readonly lockHolder: () => Promise<LockHolder | undefined>;
}
