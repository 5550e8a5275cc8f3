import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import type { TakenLock } from '../../worker/test/packages/taken-lock.ts';

/** A host with a package manager, and a signed repository of toys behind it. */
export interface WorldHost {
  readonly root: string;
  readonly packages: PackageManager;
  /** Another program of this host keeps a package at its version. */
  readonly hold: (name: string) => Promise<void>;
  /** Takes what programs of this package manager lock while they change something, as they do. */
  readonly takeLock: () => Promise<TakenLock>;
}

/**
 * What the conformance suite asks for, one for each package manager. The toys mean the same everywhere: `toyhello` has an
 * ordinary update and `toylib` one that mends a security fault, `toyapp` needs `toylib`, `toyconf` has a configuration file
 * `/etc/toyconf.conf`, the script of `toybroken` fails after the installation, and `toymeta` needs what nobody has.
 */
export interface PackageWorld {
  readonly name: string;
  /** Versions of `toyhello`, `toylib` and the rest before and after. */
  readonly old: string;
  readonly next: string;
  readonly secure: string;
  /** Whether the sources say how bad a fault is, and by which advisory. */
  readonly saysSeverity: boolean;
  /** Whether the sources say which updates mend security faults. */
  readonly knowsSecurity: boolean;
  /** Whether single packages may be upgraded, and packages held. */
  readonly upgradesSome: boolean;
  readonly holds: boolean;
  /** Whether configuration can be removed with a package. */
  readonly purges: boolean;
  /** A host with the old versions of these installed; the newer ones are on offer. */
  host(installed: readonly string[]): Promise<WorldHost>;
  /** A host, and what becomes of its repository afterwards. */
  spoiledHost(installed: readonly string[]): Promise<
    WorldHost & {
      readonly breakSignature: () => Promise<void>;
      readonly takeAway: () => Promise<void>;
    }
  >;
  close(): Promise<void>;
}
