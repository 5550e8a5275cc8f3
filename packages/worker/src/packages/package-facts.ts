import type { Severity } from '@linux-patch/contract';
import type { SourceState } from '../package-interface/package-inventory.ts';

/** What a package was built from. */
export interface SourcePackage {
  readonly name: string;
  /** A rebuild does not change it. */
  readonly version: string;
}

/** An installed package. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly description: string;
  readonly sizeBytes: number | null;
  /** Null where the package manager does not know. */
  readonly source: SourcePackage | null;
  readonly held: boolean;
  /** Unpacked but not configured, or worse. */
  readonly broken: boolean;
}

export interface Source extends SourceState {
  /** Whose it is, such as `Debian`. */
  readonly origin: string | undefined;
  /** Names that the package manager gives its lists. */
  readonly lists: readonly string[];
}

/** A notice of a vendor that an update answers. */
export interface UpdateAdvisory {
  readonly id: string;
  /** `unknown` for what mends no security fault, and where nobody says. */
  readonly severity: Severity;
  readonly cveIds: readonly string[];
}

/** A pending update: what would be installed is newer than what is. */
export interface Update {
  readonly name: string;
  /** The name as the package manager takes it: with the architecture when it is not the host's own. */
  readonly id: string;
  readonly architecture: string;
  readonly currentVersion: string;
  readonly newVersion: string;
  /** Of the installed version. */
  readonly source: SourcePackage | null;
  /** `Label:Suite` of every source that has the new version, security archives first. */
  readonly origins: readonly string[];
  readonly held: boolean;
  /** The share of machines that get it for now. */
  readonly phasedPercent: number | undefined;
  /** Published for a share of machines that this host is not part of yet. */
  readonly phased: boolean;
  /** Whether an ordinary upgrade brings it in; undefined while nobody asked, and when that cannot be said. */
  readonly offered: boolean | undefined;
  /** Whether it mends a security fault, perhaps one that was mended in a version before the new one. */
  readonly security: boolean;
  /** The newest version from a security archive, not above the new one: what "security only" installs. */
  readonly securityVersion: string | undefined;
  /** Whether `security: false` means anything: sources without a security archive of their own do not say it. */
  readonly securityKnown: boolean;
  readonly description: string;
  /** Every one between the installed and the new version; absent where sources publish none. */
  readonly advisories?: readonly UpdateAdvisory[];
}

/** A security update that is not what would be installed: the host's own settings prefer an older version. */
export interface HiddenSecurity {
  readonly name: string;
  readonly id: string;
  readonly currentVersion: string;
  readonly version: string;
}

/** What could be newer, held and phased updates included, and the security updates that the host's own settings hide. */
export interface Pending {
  readonly updates: readonly Update[];
  readonly hiddenSecurity: readonly HiddenSecurity[];
}

/** Whether updates wait for a reboot, and why; each reason is a clause for people. */
export interface RebootState {
  readonly required: boolean;
  readonly reasons: readonly string[];
}

/** What is installed and what waits, taken together. */
export interface PackageSnapshot {
  readonly installed: readonly Installed[];
  /** Undefined when this host has no lists: what waits is then not known. */
  readonly pending: Pending | undefined;
  readonly sources: readonly Source[];
  /** When the host was asked, epoch milliseconds. */
  readonly listedAtMs: number;
}
