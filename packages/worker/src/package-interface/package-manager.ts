import type { PlanStep } from '@linux-patch/contract';
import type { PackageInventory } from './package-inventory.ts';
import type { PackageOperations, RefreshedSources } from './package-operations.ts';
import type { WatchedFiles } from './watched-files.ts';

/** The host's package manager: the half that reads and the half that changes. */
export interface PackageManager {
  readonly inventory: PackageInventory;
  readonly operations: PackageOperations;
  /** Refreshes the package lists without a job. */
  readonly refreshQuietly: (signal: AbortSignal) => Promise<RefreshedSources>;
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

/** Who holds the package database. */
export interface LockHolder {
  /** Undefined for a process that cannot be seen from here: one of another container, or an open file description. */
  readonly pid: number | undefined;
  readonly program: string;
}

/** What is wrong with what is installed, whatever updates wait. */
export interface DatabaseFaults {
  /** The path of what a transaction left that was cut off. */
  readonly interrupted: string | undefined;
  /** Packages that are unpacked or half configured. */
  readonly unconfigured: readonly string[];
  /** Dependencies of installed packages that are not met, as a clause; nothing else may be changed then. */
  readonly unmet: string | undefined;
  /** What shows and mends it on this host, each as it is typed. */
  readonly commands: { readonly audit: string; readonly retry: string; readonly mend: string };
}

/** Whether what is installed is sound. */
export interface DatabaseHealth {
  readonly clean: boolean;
  /** `ok`, or what is wrong, for people. In the middle of somebody's work packages are half configured as a matter of course. */
  readonly words: string;
  /** Who works with the package database; undefined when nobody does. */
  readonly busy: string | undefined;
}
