import type { ErrorCode, Package, PackageDetail } from '@linux-patch/contract';
import type { CommandResult, OutputSource } from '@linux-patch/runtime';
import type { Backend } from '../package-interface/backends.ts';
import type { PackageOrigin } from '../package-interface/change-policy.ts';
import type { LeftOut } from '../package-interface/left-out.ts';
import type {
  InstallWish,
  PackageTarget,
  RefreshedSources,
  RemoveWish,
  VersionTarget,
} from '../package-interface/package-operations.ts';
import type { WatchedFiles } from '../package-interface/watched-files.ts';
import type { Installed, Pending, RebootState, Source, Update } from './package-facts.ts';

/**
 * What a package manager has to say for itself. An adapter answers questions, reads output and names the programs to
 * start; it changes nothing. Locks, streams, the unit a change runs in, repair, what a change did and what a listing is
 * kept for are the runner's, and the same for all.
 *
 * Everything rejects with a PatchError whose code fits a job. A question that could not be answered rejects; it is never
 * answered with less than there is.
 */
export interface PackageAdapter {
  readonly name: Backend;
  readonly rules: PackageRules;
  readonly words: PackageWords;
  readonly limits: PackageLimits;
  readonly output: ToolOutput;
  readonly database: PackageDatabase;
  readonly reading: PackageReading;
  readonly refreshing: ListRefreshing;
  readonly changing: PackageChanging;
}

/** How names and versions of packages are written. */
export interface PackageRules {
  /** Order of two versions of one package; negative when `a` is older. */
  compareVersions(a: string, b: string): number;
  /** Whether a name, perhaps with an architecture, means this package. */
  isNamed(one: PackageId, name: string): boolean;
  /** The name with its architecture, for packages that are there for several. */
  qualifiedName(one: PackageId): string;
}

export type PackageId = Pick<Installed, 'name' | 'architecture'>;

/** What a package manager does not do, each as a sentence that says why and what to ask for instead; absent where it does. */
export interface PackageLimits {
  /** Bringing in updates of packages that are named, while others that wait stay out. */
  readonly someUpdates?: string;
  /** Telling which updates mend security faults. */
  readonly securityUpdates?: string;
}

/** Programs and commands that messages for people name, each as it is typed. */
export interface PackageWords {
  /** What decides whether packages fit together, such as `apt`. */
  readonly solver: string;
  /** What installs them, such as `dpkg`. */
  readonly installer: string;
  /** Lists what is half installed. */
  readonly audit: string;
  /** Tries again what is half installed. */
  readonly retry: string;
  /** Mends dependencies that are not met. */
  readonly mend: string;
  /** Lets a held package be changed again. */
  readonly unhold: string;
  /** Clause: why a security update is not what this host would install, and what shows it. */
  readonly hidden: string;
  /** Where sources are configured. */
  readonly sourceFiles: string;
  /** Clause about a package that a change left half done, such as `is not configured`. */
  readonly incomplete: string;
  /** Sentence: what to do about it. */
  readonly afterIncomplete: string;
}

/**
 * Reads what the programs print. Scripts of packages print among it whatever they like, so that only lines count which
 * the program marks as its own.
 */
export interface ToolOutput {
  /** Progress of a whole run; undefined for lines that tell none. Lines of `fd3` are for this only. */
  progress(line: string, source: OutputSource): Progress | undefined;
  /** Why a run failed. */
  failure(result: CommandResult): ToolFailure;
  /** Whether a run found the lock of the package database taken, and did nothing. */
  lockedOut(result: CommandResult): boolean;
  /** Names of packages whose scripts failed though what is installed does not show it. */
  failedScripts(result: CommandResult): readonly string[];
  /** What is no package's and failed though the program ended well, such as a hook, in sentences; undefined when nothing did. */
  failedHooks(result: CommandResult): string | undefined;
  /** The last words of a package's script, and the reason for which its package was given up; empty when unknown. */
  scriptWords(result: CommandResult, name: string): readonly string[];
  /** Says why a package that did not come in could not be downloaded; undefined when downloads did not fail. */
  notDownloaded(result: CommandResult): (name: string) => string | undefined;
  /** Packages that were refused because no source has them that is trusted. */
  untrusted(result: CommandResult): readonly string[];
}

export interface Progress {
  /** 0 to 100 */
  readonly percent: number;
  readonly message: string;
}

export interface ToolFailure {
  /** `PKG_MANAGER_ERROR` when nothing finer is known. */
  readonly code: ErrorCode;
  /** Lines in which the program says what is wrong. */
  readonly words: readonly string[];
}

/** A program to start. */
export interface Tool {
  /** For messages: the program and what it is asked to do, such as `apt-get install`. */
  readonly what: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The database of what is installed. */
export interface PackageDatabase {
  /** Files below the root that programs lock while they work. */
  readonly lockFiles: readonly string[];
  /** Path of a file that is there while a program works that has it open; one that was killed leaves it. */
  readonly openLock?: string;
  /** File below the root in which a program that works writes its process id, and which it empties when it ends. */
  readonly pidLock?: string;
  /** The path of what a transaction left that was cut off; undefined when none was. */
  interrupted(): Promise<string | undefined>;
  /** Dependencies of installed packages that are not met, as a clause; undefined when all are. */
  unmet(signal: AbortSignal): Promise<string | undefined>;
  /** Ends what was cut off. */
  finish(): Tool | Promise<Tool>;
  /** Installs what dependencies lack, without removing anything; undefined where nothing else has to wait for that. */
  readonly complete: Tool | undefined;
}

/** What can be read without changing anything. */
export interface PackageReading {
  /** What the state on disk consists of: whoever looks at it knows whether something changed, without this program. */
  watched(): Promise<WatchedFiles>;
  /** Names the state on disk: as long as a key is the same, so is what was read under it. */
  stateKey(): Promise<StateKey>;
  installed(): Promise<readonly Installed[]>;
  /** Every configured source, those without lists included. */
  sources(): Promise<readonly Source[]>;
  /** @param known what `installed` and `sources` will have said: all three are read side by side. */
  pending(known: {
    readonly installed: Promise<readonly Installed[]>;
    readonly sources: Promise<readonly Source[]>;
  }): Promise<Pending>;
  /** Ids of updates that an ordinary upgrade brings in, removing nothing; undefined when that cannot be said now. */
  offered(): Promise<ReadonlySet<string> | undefined>;
  /** @param listed the package as a listing shows it; undefined when it is not installed. */
  detail(name: string, listed: Package | undefined): Promise<PackageDetail | undefined>;
  rebootState(installed: readonly Installed[]): Promise<RebootState>;
  /** Paths of files that ask for a reboot, and of those that say why, besides what is `watched`. */
  readonly rebootFlags: readonly string[];
  /** Whether a new version of this package is in use only after a reboot. */
  asksForReboot(name: string): boolean;
}

export interface StateKey {
  /** Of the sources and their lists. */
  readonly sources: string;
  /** Of these, and of what is installed and what is decided about it. */
  readonly packages: string;
}

/** How the lists of the sources are refreshed. */
export interface ListRefreshing {
  readonly tool: Tool;
  /** Puts in place what the tool needs. */
  prepare?(): Promise<void>;
  /** The folder below the root that grows while something is downloaded. */
  readonly downloads: string;
  /** Reads what a finished run says about each source. */
  report(result: CommandResult): RefreshReport;
}

export interface RefreshReport extends RefreshedSources {
  /** Errors that belong to no source; the whole run counts as failed. */
  readonly unknown: readonly string[];
}

/** A change of packages. */
export type PackageChange =
  | ({ readonly kind: 'install' } & InstallWish)
  | ({ readonly kind: 'remove' } & RemoveWish)
  | {
      /** Brings packages to these very versions, and takes others away. What is only recommended is not brought in. */
      readonly kind: 'versions';
      readonly bring: readonly VersionTarget[];
      /** Names of packages that go, perhaps with an architecture. */
      readonly remove: readonly string[];
      /** Whether one of them gets an older version. */
      readonly older: boolean;
      readonly allowRemovals?: boolean | undefined;
    }
  | {
      /** Brings each update to its `newVersion`. */
      readonly kind: 'update';
      readonly updates: readonly Update[];
      readonly allowRemovals?: boolean | undefined;
      /** Where a package cannot be downloaded, the others stay out as well. */
      readonly allOrNothing: boolean;
      /** Must stay at their versions, even where an update would like a newer. */
      readonly kept: readonly Update[];
    };

/** Whether a change may give a package an older version. */
export function mayGetOlder(change: PackageChange): boolean {
  switch (change.kind) {
    case 'install':
      return change.allowDowngrade;
    case 'versions':
      return change.older;
    case 'update':
    case 'remove':
      return false;
  }
}

/** Why something would not be done. */
export type Refusal = Pick<LeftOut, 'why' | 'reason' | 'code' | 'removals'>;

/** What a change would make of one package. */
export interface Simulated extends PackageId {
  /** What would be there; null when it would be removed. */
  readonly version: string | null;
  /** Its configuration goes, too. */
  readonly purge: boolean;
}

/** What the package manager would do, or why it would not. */
export type Simulation =
  | { readonly refusal: Refusal }
  | { readonly refusal: undefined; readonly packages: readonly Simulated[] };

/** A version of a package that a source may have. */
export interface PackageFile extends PackageId {
  readonly version: string;
}

/** What one package takes; undefined where nobody says. */
export interface PackageSize {
  readonly downloadBytes: number | undefined;
  readonly installedBytes: number | undefined;
}

/** What a finished run did with a package beside its version. */
export interface Particulars {
  /** Perhaps with an architecture. */
  readonly name: string;
  /** Unpacked over the same version. */
  readonly reinstalled: boolean;
  /** Configuration files that stay as they were changed on this host. */
  readonly keptFiles: readonly string[];
}

/** How packages are changed. */
export interface PackageChanging {
  /** Whether the program refuses by itself what a simulation refuses. Otherwise nothing is started that would be refused. */
  readonly refusesItself: boolean;
  /** Versions that each of these packages has, newest first; a name that nobody knows is not among the keys. */
  available(targets: readonly PackageTarget[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Names of the packages that provide a virtual one; empty for a name that nobody provides. */
  providers(name: string): Promise<readonly string[]>;
  /**
   * What to start. Names and versions are checked once more where they become arguments of a program that runs as root.
   * @throws PatchError `PKG_NOT_FOUND` for what is none.
   */
  tool(change: PackageChange): Tool | Promise<Tool>;
  /** What a change would do when nobody is there to ask; needs no lock and changes nothing. */
  simulate(
    change: PackageChange,
    options: {
      /** Packages that no trusted source has, as far as that is known. */
      readonly untrusted: ReadonlySet<string>;
      readonly signal: AbortSignal;
    },
  ): Promise<Simulation>;
  /** What a finished run says it did beside versions. */
  particulars(result: CommandResult): Promise<readonly Particulars[]>;
  /**
   * Where each of these would come from: every source that has this very version, as the package manager may take it from
   * any; undefined stands for a source of which nothing is known. Never empty.
   */
  origins(wanted: readonly PackageFile[]): Promise<readonly (readonly (PackageOrigin | undefined)[])[]>;
  /** What each of these takes; undefined for what no source has. */
  sizes(wanted: readonly PackageFile[]): Promise<readonly (PackageSize | undefined)[]>;
  /** Makes packages stay at their versions, or lets them be changed again. */
  holdTool(names: readonly string[], hold: boolean): Tool;
  /** Those that came as dependencies, and would count as wanted once a change has named them. */
  automatic(names: readonly string[]): Promise<readonly string[]>;
  /** Marks packages as such again. */
  markAutomatic(names: readonly string[]): Promise<void>;
}
