import type { Clock, Files, Logger, ProcessUsage, Random, Threads } from '@linux-patch/runtime';
import type { ManagerPaths } from './config/paths.ts';
import type { ManagerConfig } from './config/schema.ts';

/** The doors a manager uses. */
export interface ManagerDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly logger: Logger;
  readonly processUsage: () => ProcessUsage;
  readonly threads: Threads;
}

export interface ManagerOptions extends ManagerDoors {
  readonly config: ManagerConfig;
  readonly paths: ManagerPaths;
}
