import type { Backend } from '../package-interface/backends.ts';
import type { PackageAdapter } from './adapter.ts';
import { openAptAdapter } from './apt/adapter.ts';
import { aptEnvironment, findAptRootFault } from './apt/private-root.ts';
import { openDnfAdapter } from './dnf/adapter.ts';
import { findDnfRootFault } from './dnf/private-root.ts';
import type { PackageDoors } from './doors.ts';
import { openPacmanAdapter } from './pacman/adapter.ts';
import { findPacmanRootFault } from './pacman/private-root.ts';
import { openZypperAdapter } from './zypper/adapter.ts';
import { findZypperRootFault } from './zypper/private-root.ts';

/** How a package manager of this release is opened. */
export interface AdapterEntry {
  readonly open: (doors: PackageDoors) => PackageAdapter | Promise<PackageAdapter>;
  /** What its programs need in their environment to work below a private root and nowhere else. */
  readonly environment: (root: string) => Readonly<Record<string, string>>;
  /** Sentences on what a private root lacks, without which the machine itself would be changed; undefined when complete. */
  readonly findRootFault: (doors: Pick<PackageDoors, 'files' | 'root'>) => Promise<string | undefined>;
}

export const ADAPTERS: Readonly<Record<Backend, AdapterEntry>> = {
  apt: {
    open: openAptAdapter,
    environment: aptEnvironment,
    findRootFault: findAptRootFault,
  },
  dnf: {
    open: openDnfAdapter,
    // Its programs are told in their arguments, and each in its own environment.
    environment: () => ({}),
    findRootFault: findDnfRootFault,
  },
  zypper: {
    open: openZypperAdapter,
    // The same.
    environment: () => ({}),
    findRootFault: findZypperRootFault,
  },
  pacman: {
    open: openPacmanAdapter,
    // The same.
    environment: () => ({}),
    findRootFault: findPacmanRootFault,
  },
};
