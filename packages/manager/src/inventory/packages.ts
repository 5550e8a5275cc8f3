/** A package in one version, as the dictionary has it. */
export interface PackageVersion {
  readonly name: string;
  /** Empty where the host does not say it. */
  readonly arch: string;
  readonly version: string;
  /** What it was built from; empty where the host does not know it. */
  readonly sourceName: string;
  readonly sourceVersion: string;
}

/** The same for the same package version. */
export function identityOf({ name, arch, version, sourceName, sourceVersion }: PackageVersion): string {
  return JSON.stringify([name, arch, version, sourceName, sourceVersion]);
}

/** Package managers that hosts may have. Versions of one are never compared with those of another. */
const ECOSYSTEMS: Readonly<Record<string, string>> = {
  apt: 'dpkg',
  dnf: 'rpm',
  yum: 'rpm',
  zypper: 'rpm',
  pacman: 'pacman',
  apk: 'apk',
};

/** Whose packages a host with this package manager has. */
export function ecosystemOf(packageManager: string | undefined): string {
  const word = packageManager ?? '';
  return Object.hasOwn(ECOSYSTEMS, word) ? (ECOSYSTEMS[word] ?? 'other') : 'other';
}

/** An update that waits on a host. */
export interface PendingUpdate {
  readonly candidate: PackageVersion;
  readonly installedVersion: string;
  /** Null where the host cannot tell. */
  readonly security: boolean | null;
  /** The newest version from a security archive, where that is another one. */
  readonly securityVersion: string | null;
  readonly held: boolean;
  readonly phased: boolean;
  /** The host's own settings keep it out of what it would install. */
  readonly hidden: boolean;
  readonly origin: string | null;
}
