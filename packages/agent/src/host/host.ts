import type { Commands, Files } from '@linux-patch/runtime';
import type { Network } from './network.ts';

/** The host that the agent works on. */
export interface Host {
  /** Prefix of its paths; `/` on a real one. */
  readonly root: string;
  readonly files: Files;
  readonly commands: Commands;
  readonly network: Network;
}
