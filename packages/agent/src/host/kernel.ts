import { machine, release } from 'node:os';

/** The kernel that runs, as uname(2) tells. */
export interface Kernel {
  /** Its release, as `uname -r` prints it. */
  readonly kernel: string;
  /** Hardware name, as `uname -m` prints it. */
  readonly architecture: string;
}

export function readKernel(): Kernel {
  return { kernel: release(), architecture: machine() };
}
