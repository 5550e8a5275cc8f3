import type { Clock, Commands, Files } from '@linux-patch/runtime';
import type { Backend } from './backends.ts';
import type { PackageInventory } from './package-inventory.ts';
import type { PackageOperations, SourceFailure } from './package-operations.ts';

/** The host's package manager: the half that reads and the half that changes. */
export interface PackageManager {
  readonly inventory: PackageInventory;
  readonly operations: PackageOperations;
  /** Refreshes the package lists without a job. Resolves to the sources that failed while others did not. */
  readonly refreshQuietly: (signal: AbortSignal) => Promise<readonly SourceFailure[]>;
  /** `ok`, or why packages cannot be managed; answers at once. */
  readonly health: () => Promise<string>;
}

export interface PackageManagerOptions {
  readonly commands: Commands;
  readonly files: Files;
  readonly clock: Clock;
  readonly root: string;
  /** `package_manager.backend` of the configuration. */
  readonly configured: 'auto' | Backend;
}
