import type { CancelAnswer, EarlierJob, RawChange, StartAnswer } from '@linux-patch/worker';

/** A change as it was asked for, its body in the bytes that came. */
export interface PassedChange {
  readonly change: RawChange;
  readonly body: Uint8Array;
}

/** The worker decides whether a change is done; here it is only passed on. All throw PatchError `WORKER_UNAVAILABLE`. */
export interface Changes {
  /** @param earlier the job that is on record under its `Idempotency-Key` */
  start(passed: PassedChange, earlier: EarlierJob | undefined): Promise<StartAnswer>;
  /** Has a job cancelled, when its sender may do that. */
  cancel(passed: PassedChange): Promise<CancelAnswer>;
  /** An accepted job that has not begun is not done any more. A fault is in the log: the job is over for its caller. */
  withdraw(job: string): Promise<void>;
  /** Has done what an earlier release accepted and left in `jobs.storage_path`. */
  takeOver(): Promise<number>;
}
