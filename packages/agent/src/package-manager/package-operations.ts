import type { JobResult } from '@linux-patch/contract';
import type { OutputSource } from '@linux-patch/runtime';
import type { ApplyJobRequest } from '../jobs/job-request.ts';

/** How an operation of the package manager is watched and ended. */
export interface OperationRun {
  readonly signal: AbortSignal;
  /** Ends the operation after this many milliseconds. */
  readonly timeoutMs: number;
  /** @param percent 0 to 100 of this operation. */
  readonly onProgress: (percent: number, message: string) => void;
  readonly onLine: (line: string, source: OutputSource) => void;
  /** Called while another process holds the package database. @param holder its name and pid, for people. */
  readonly onWaitingForLock: (holder: string) => void;
}

/** What an operation did. */
export interface OperationOutcome {
  readonly results: readonly JobResult[];
  readonly exitCode: number | null;
}

interface InstallWish {
  readonly packages: readonly { readonly name: string; readonly version?: string | undefined }[];
  /** Names of packages that must be installed already. */
  readonly onlyUpgrade: boolean;
  readonly force: boolean;
  readonly noRecommends: boolean;
  readonly allowDowngrade: boolean;
}

/**
 * The changing half of a package manager, as jobs need it. Everything rejects with a PatchError whose code fits a
 * job; `details.exit_code` has the program's.
 */
export interface PackageOperations {
  refresh(run: OperationRun): Promise<void>;
  /** Mends what an interrupted transaction left; resolves to whether there was something to mend. */
  repair(run: OperationRun): Promise<boolean>;
  install(wish: InstallWish, run: OperationRun): Promise<OperationOutcome>;
  remove(
    wish: { readonly name: string; readonly purge: boolean; readonly force: boolean },
    run: OperationRun,
  ): Promise<OperationOutcome>;
  /** Brings pending updates in; what is held or excluded stays. */
  applyPatches(
    wish: {
      readonly selection: Exclude<ApplyJobRequest['selection'], { kind: 'none' }>;
      readonly exclude: readonly string[];
    },
    run: OperationRun,
  ): Promise<OperationOutcome>;
  rebootRequired(): Promise<{ readonly required: boolean; readonly reasons: readonly string[] }>;
}
