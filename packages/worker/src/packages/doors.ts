import { join } from 'node:path';
import type { Clock, Commands, Files } from '@linux-patch/runtime';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import type { RecordedChanges } from '../package-interface/recorded-changes.ts';
import type { PackageAdapter } from './adapter.ts';

/** What package managers are reached through. */
export interface PackageDoors {
  readonly commands: Commands;
  readonly files: Files;
  readonly clock: Clock;
  /** `/`, or the private root that the environment of the commands points to. */
  readonly root: string;
}

/** A host with its package manager. */
export interface PackageHost extends PackageDoors {
  readonly adapter: PackageAdapter;
  /** What its administrator says about changes from outside. */
  readonly policy: ChangePolicy;
  /** What takes earlier jobs back. */
  readonly recorded: RecordedChanges;
}

/** A path below the root. */
export function belowRoot({ root }: Pick<PackageDoors, 'root'>, path: string): string {
  return join(root, path);
}
