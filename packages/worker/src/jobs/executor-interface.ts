import type { JobOldCode, JobReboot, JobResult } from '@linux-patch/contract';
import type { OutputSource } from '@linux-patch/runtime';
import type { JobRequest, PackageJobRequest } from './job-request.ts';
import type { ActiveState } from './state.ts';

/** How the work of a job tells what it does. Nothing here waits or fails. */
export interface JobReporter {
  /** A line for people in the job's log. */
  log(text: string): void;
  /** A line that a command printed. */
  output(line: string, source: OutputSource): void;
  phase(state: ActiveState, message: string): void;
  /** @param percent 0 to 100 of the whole job; it never falls. Leaves a wait for a lock behind. */
  progress(percent: number, message: string, state?: ActiveState): void;
  /** What a step of the work did; what an earlier one changed stays on record. */
  results(results: readonly JobResult[]): void;
  exitCode(code: number | null): void;
  /** What runs code that was replaced. */
  oldCode(found: JobOldCode): void;
  /** A reboot follows this job. */
  reboot(plan: JobReboot): void;
}

export interface JobContext {
  readonly jobId: string;
  /** Aborts with a PatchError: `TIMEOUT`, `CANCELLED` or `INTERRUPTED`. */
  readonly signal: AbortSignal;
  readonly report: JobReporter;
}

export interface JobOutcome {
  /** For people, one line. */
  readonly message: string;
  /** Runs when the job is on record as completed; what goes wrong here is logged and changes nothing else. */
  readonly afterwards?: (() => Promise<void>) | undefined;
}

/** Does the work of a job. Rejects with a PatchError whose code becomes the job's `error_code`. */
export type Executor = (request: JobRequest, context: JobContext) => Promise<JobOutcome>;

/** Whether the host needs a reboot after a job that may have one, and what the policy of the host has against it. */
export interface RebootNeed {
  readonly required: boolean;
  /** Clauses for people. */
  readonly reasons: readonly string[];
  /** Why it may not reboot at that time, as a clause. */
  readonly refusal?: string | undefined;
}

/** What the work of a job has come to; of the reboot that may follow, nothing is done yet. */
export interface WorkOutcome extends Pick<JobOutcome, 'message'> {
  /** Of a job that may be followed by a reboot. */
  readonly reboot?: RebootNeed | undefined;
}

/** The work itself, up to a reboot. Rejects as `Executor`. */
export type Work = (request: JobRequest, context: JobContext) => Promise<WorkOutcome>;

/** The part of it that is the package manager's. */
export type PackageWork = (request: PackageJobRequest, context: JobContext) => Promise<WorkOutcome>;
