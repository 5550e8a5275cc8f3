import type { CommandResult } from '@linux-patch/runtime';
import type { ListRefreshing, PackageAdapter, PackageChange, Tool } from '../adapter.ts';
import type { DnfChange } from './change.ts';
import type { DnfDoors } from './doors.ts';

/** What each generation of dnf does in its own way; all else is the same for both. */
export interface DnfGeneration {
  readonly doors: DnfDoors;
  /** Files below the root that it locks besides those of rpm. */
  readonly lockFiles: readonly string[];
  readonly output: PackageAdapter['output'];
  readonly refreshing: ListRefreshing;
  readonly tools: DnfTools;
  readonly readSaid: (result: CommandResult) => SaidBesides;
}

export interface DnfTools {
  /** @throws PatchError as `dnfChange` */
  change(change: PackageChange): Tool;
  /** Reinstalls the newer and drops the older of what a transaction that was cut off left twice. */
  finish(): Tool;
  /** @throws PatchError `PKG_NOT_FOUND` for what is no name of a package */
  hold(names: readonly string[], hold: boolean): Tool;
  /** Whether it brings in and takes away in two runs. */
  inTwoRuns(change: DnfChange): boolean;
}

/** What a finished run said of packages beside their versions. */
export interface SaidBesides {
  /** Names of packages that were put in over the same version. */
  readonly reinstalled: readonly string[];
  /** Configuration files that rpm left as an administrator made them; the new ones end in `.rpmnew`. */
  readonly kept: readonly string[];
}
