import type { HiddenSecurityUpdate, Package, PackageDetail, Patch } from '@linux-patch/contract';
import type { PackagePlans } from './package-plans.ts';

/** A source of packages, and how old what this host knows of it is. Instants are epoch milliseconds. */
export interface SourceState {
  /** What refreshes call it, without user and password. */
  readonly id: string;
  /** Without user and password. */
  readonly uri: string;
  readonly label: string | undefined;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** Whether it is a distribution's security archive. */
  readonly security: boolean;
  /** False when this host has no lists of it, so that nothing is known of its updates. */
  readonly present: boolean;
  /** When its owner made what this host has, as the owner says. */
  readonly publishedAtMs: number | undefined;
  /** The same as its server says, where the owner does not; nobody signs that. */
  readonly servedAtMs: number | undefined;
  /** When this host last got what it has, or heard that it is still the newest, as far as that is seen on disk. */
  readonly fetchedAtMs: number | undefined;
  /** When its owner wants that to count no more. */
  readonly validUntilMs: number | undefined;
}

/** The reading half of a package manager, as the routes need it. A listing that failed rejects; it is never empty. */
export interface PackageInventory {
  /** For `package_manager` of system info, such as `apt`. */
  readonly name: string;
  /**
   * Names the state that listings are made from: the same while what is installed, the lists and the settings are. Asked
   * before a listing, it never names more than the listing shows.
   */
  revision(): Promise<string>;
  /** Installed packages. */
  listPackages(): Promise<readonly Package[]>;
  /**
   * An installed or available package. The name has passed `PackageName`.
   * @param listed what a listing of the present state shows of packages with this name; it is looked up when absent
   */
  findPackage(name: string, listed?: readonly Package[]): Promise<PackageDetail | undefined>;
  /**
   * Pending updates, held and phased ones included.
   * @param options.explain also which ones an ordinary upgrade would leave, and why; that takes longer.
   */
  listPatches(options?: { readonly explain: boolean }): Promise<{
    readonly patches: readonly Patch[];
    readonly hiddenSecurity: readonly HiddenSecurityUpdate[];
    /** When the host was asked, epoch milliseconds. */
    readonly listedAtMs: number;
  }>;
  /** What changes would do. */
  readonly plans: PackagePlans;
  /** What listings stand on. */
  sources(): Promise<readonly SourceState[]>;
  /** Order of two versions of one package, by the rules of the distribution. */
  compareVersions(a: string, b: string): number;
  rebootRequired(): Promise<{ readonly required: boolean; readonly reasons: readonly string[] }>;
  /** False when packages are half installed, or dependencies of what is installed are not met. */
  isDatabaseClean(): Promise<boolean>;
}
