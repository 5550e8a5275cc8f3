import type { HiddenSecurityUpdate, Package, PackageDetail, Patch } from '@linux-patch/contract';

/** The reading half of a package manager, as the routes need it. A listing that failed rejects; it is never empty. */
export interface PackageInventory {
  /** For `package_manager` of system info, such as `apt`. */
  readonly name: string;
  /** Installed packages. */
  listPackages(): Promise<readonly Package[]>;
  /** An installed or available package. The name has passed `PackageName`. */
  findPackage(name: string): Promise<PackageDetail | undefined>;
  /** Pending updates, held and phased ones included. */
  listPatches(): Promise<{
    readonly patches: readonly Patch[];
    readonly hiddenSecurity: readonly HiddenSecurityUpdate[];
    /** When the host was asked, epoch milliseconds. */
    readonly listedAtMs: number;
  }>;
  /** Order of two versions of one package, by the rules of the distribution. */
  compareVersions(a: string, b: string): number;
  rebootRequired(): Promise<{ readonly required: boolean; readonly reasons: readonly string[] }>;
  /** False when an interrupted transaction left packages half installed. */
  isDatabaseClean(): Promise<boolean>;
}
