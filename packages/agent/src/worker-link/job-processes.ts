import type { Logger } from '@linux-patch/runtime';
import { BeginAnswer, ForgetAnswer, RunStateAnswer } from '@linux-patch/worker';
import type { WorkerLink } from './link.ts';

/** What the worker is asked for about the process of a job, which it alone starts and stops. */
export interface JobProcesses {
  /** Has an accepted job done. @throws PatchError `WORKER_UNAVAILABLE` */
  begin(job: string): Promise<BeginAnswer>;
  /** Whether it runs; also while nobody can say. */
  isRunning(job: string): Promise<boolean>;
  /** How the job ended is on record. A fault is in the log. */
  forget(job: string): Promise<void>;
}

const lane = 'changes';

/** @param clockFault why the clock cannot be believed now; undefined when it can */
export function createJobProcesses(
  link: Pick<WorkerLink, 'ask'>,
  { logger, clockFault }: { readonly logger: Logger; readonly clockFault: () => string | undefined },
): JobProcesses {
  return {
    begin: (job) => link.ask({ v: 1, op: 'begin', job, clockFault: clockFault() }, BeginAnswer, { lane }),
    async isRunning(job) {
      try {
        return (await link.ask({ v: 1, op: 'run-state', job }, RunStateAnswer, { lane })).running;
      } catch (error) {
        logger.warn('the worker cannot say whether a job is under way', { job_id: job, error });
        return true;
      }
    },
    async forget(job) {
      try {
        await link.ask({ v: 1, op: 'forget', job }, ForgetAnswer, { lane });
      } catch (error) {
        logger.warn('the worker could not be told that a job is on record', { job_id: job, error });
      }
    },
  };
}
