import type { Clock, Commands, Files, Logger } from '@linux-patch/runtime';

/** The doors of a process that does a job. */
export interface RunHost {
  readonly root: string;
  /** `config.yaml` */
  readonly configFile: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly logger: Logger;
}
