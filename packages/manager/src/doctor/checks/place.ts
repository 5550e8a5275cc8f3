import type { Clock, Commands, Files } from '@linux-patch/runtime';
import type { ManagerPaths } from '../../config/paths.ts';

/** The machine that is looked at. */
export interface ManagerPlace {
  readonly files: Files;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly signal: AbortSignal;
  /** `/`, or the private root that is looked at; systemd knows of the first alone. */
  readonly root: string;
  readonly paths: ManagerPaths;
}
