import type { ErrorCode, JobResult } from '@linux-patch/contract';
import type { CommandResult, OutputSource } from '@linux-patch/runtime';
import type { ChangePlan } from './change-plan.ts';
import type { LeftOut } from './left-out.ts';

/** A program that changes packages. */
export interface WorkCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Aborting ends the program, unless the agent itself is told to stop (`INTERRUPTED`). */
  readonly signal: AbortSignal;
  readonly onLine: (line: string, source: OutputSource) => void;
}

/** Package work of one job that outlives the agent: after a restart the job goes on where its program is. */
export interface PackageWork {
  /** Writes down what is about to be changed; durable when it resolves. */
  begin(plan: ChangePlan): Promise<void>;
  /** Takes that back: nothing was begun after all. */
  withdraw(): Promise<void>;
  /** What was written down by this agent or the one before. */
  plan(): Promise<ChangePlan | undefined>;
  /** Runs a program to its end. @throws the signal's reason when that is `INTERRUPTED`; the program then goes on */
  run(command: WorkCommand): Promise<CommandResult>;
  /** The same for the program that an earlier agent started. */
  follow(command: Pick<WorkCommand, 'timeoutMs' | 'signal' | 'onLine'>): Promise<CommandResult>;
}

/** How an operation of the package manager is watched and ended. */
export interface OperationRun {
  /** Absent where package work ends with the agent: private roots. */
  readonly work?: PackageWork | undefined;
  readonly signal: AbortSignal;
  /** Ends the operation after this many milliseconds. */
  readonly timeoutMs: number;
  /** @param percent 0 to 100 of this operation. */
  readonly onProgress: (percent: number, message: string) => void;
  readonly onLine: (line: string, source: OutputSource) => void;
  /** Called while another process holds the package database. @param holder its name and pid, for people. */
  readonly onWaitingForLock: (holder: string) => void;
  /** Called when that is over, before anything else is done. */
  readonly onLockFree?: () => void;
  /** Called with what a repair, or an operation that failed, changed all the same. */
  readonly onChanged?: (results: readonly JobResult[]) => void;
}

/** What an operation did. */
export interface OperationOutcome {
  readonly results: readonly JobResult[];
  readonly exitCode: number | null;
  /** Wanted updates that stay out; they are among the results, too. */
  readonly left?: readonly LeftOut[];
  /** Sentences for people on what is wrong on this host though the job did what it was asked. */
  readonly warnings?: readonly string[];
}

/** What came of a refresh, source by source. */
export interface RefreshedSources {
  /** Those that failed while others did not. */
  readonly failed: readonly SourceFailure[];
  /** Ids of those that were asked and did not fail. */
  readonly healthy: readonly string[];
}

/** A source of packages that could not be refreshed; what it offered before is still known. */
export interface SourceFailure {
  /** Of the source; undefined for what belongs to none, such as a hook. */
  readonly id: string | undefined;
  /** As the package manager names it, without user and password. */
  readonly source: string;
  /** Its own words and what to do, whole sentences. */
  readonly reason: string;
  readonly code: ErrorCode;
  /** By its name it is the distribution's source of security updates. */
  readonly security: boolean;
}

/** A package as a job names it. */
export interface PackageTarget {
  /** Perhaps with an architecture. */
  readonly name: string;
  readonly version?: string | undefined;
}

/** A version of a package that a change brings in. */
export interface VersionTarget {
  /** Perhaps with an architecture. */
  readonly name: string;
  readonly version: string;
}

/** What a change may do beyond what it names, and what it was approved as. */
export interface ChangePermission {
  /** Whether packages that nobody named may go; not unless it is said. */
  readonly allowRemovals?: boolean | undefined;
  /** The plan that was approved; the change does exactly that, or nothing. */
  readonly planHash?: string | undefined;
}

export interface InstallWish extends ChangePermission {
  readonly packages: readonly PackageTarget[];
  /** Names of packages that must be installed already. */
  readonly onlyUpgrade: boolean;
  readonly force: boolean;
  readonly noRecommends: boolean;
  readonly allowDowngrade: boolean;
}

export interface RemoveWish extends ChangePermission {
  readonly name: string;
  readonly purge: boolean;
  readonly force: boolean;
}

/** The changes of a job are to be taken back. */
export interface RollbackWish extends ChangePermission {
  /** A job that has ended. */
  readonly job: string;
}

/** Pending updates that a job asks for. */
export interface UpdateWish extends ChangePermission {
  readonly selection:
    | { readonly kind: 'all' }
    | { readonly kind: 'security' }
    | { readonly kind: 'names'; readonly names: readonly string[]; readonly securityOnly: boolean };
  /** Patterns of names that stay at their versions. */
  readonly exclude: readonly string[];
}

export interface HoldWish {
  readonly names: readonly string[];
  /** False lets them be changed again. */
  readonly hold: boolean;
}

/**
 * The changing half of a package manager, as jobs need it. Everything rejects with a PatchError whose code fits a
 * job; `details.exit_code` has the program's.
 */
export interface PackageOperations {
  /**
   * Refreshes what every source offers.
   * @throws PatchError when none could be refreshed.
   */
  refresh(run: OperationRun): Promise<RefreshedSources>;
  /** Follows a change that an earlier agent began for this job to its end; undefined when it had begun none. */
  adopt(run: OperationRun): Promise<OperationOutcome | undefined>;
  /** What is different since this work began, also when nobody knows how it ended; undefined when it had not begun. */
  changedSince(work: Pick<PackageWork, 'plan'>): Promise<readonly JobResult[] | undefined>;
  /**
   * Mends what an interrupted transaction left, and unmet dependencies; resolves to whether everything is mended.
   * @param options.install whether what dependencies lack may be installed; it may unless it is said.
   */
  repair(run: OperationRun, options?: { readonly install: boolean }): Promise<boolean>;
  install(wish: InstallWish, run: OperationRun): Promise<OperationOutcome>;
  remove(wish: RemoveWish, run: OperationRun): Promise<OperationOutcome>;
  /**
   * Brings pending updates in; what is held, excluded or refused stays and is named.
   * @throws PatchError with what was done when an update that was named stays.
   */
  applyPatches(wish: UpdateWish, run: OperationRun): Promise<OperationOutcome>;
  /**
   * Brings packages to the versions that they had before a job, all of them or none.
   * @throws PatchError `VERSION_NOT_AVAILABLE` with `details.unavailable`, every version that is not to be had any more.
   */
  rollback(wish: RollbackWish, run: OperationRun): Promise<OperationOutcome>;
  /** Makes installed packages stay at their versions, or lets them be changed again. */
  hold(wish: HoldWish, run: OperationRun): Promise<OperationOutcome>;
  rebootRequired(): Promise<{ readonly required: boolean; readonly reasons: readonly string[] }>;
}
