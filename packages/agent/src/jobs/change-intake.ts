import { PatchError, PolicyDenial } from '@linux-patch/contract';
import { type JobCore, type JobRequest, nameChange, type StartAnswer } from '@linux-patch/worker';
import type { Changes, PassedChange } from './changes.ts';
import type { JobQueue } from './queue.ts';

export interface ChangeIntakeOptions {
  readonly changes: Changes;
  readonly jobs: JobQueue;
  /** Told of every change that the policy of the host forbids. */
  readonly onDenied: (denial: PolicyDenial, about: { readonly operation: string }) => void;
}

/** A change that the worker was asked for, and what it says. */
export interface AskedChange {
  readonly passed: PassedChange;
  readonly verdict: StartAnswer;
}

/** Takes changes in: the worker decides, the queue has what comes of it. */
export interface ChangeIntake extends Pick<Changes, 'cancel' | 'withdraw'> {
  /** @throws PatchError `WORKER_UNAVAILABLE` */
  ask(passed: PassedChange): Promise<AskedChange>;
  /**
   * The job that a change became.
   * @param check looks at a new one; what it throws leaves no job
   * @throws PatchError what the worker refuses it with, and as `JobQueue.submit`
   */
  take(asked: AskedChange, check?: (request: JobRequest) => Promise<void>): Promise<JobCore>;
}

export function createChangeIntake({ changes, jobs, onDenied }: ChangeIntakeOptions): ChangeIntake {
  return {
    async ask(passed) {
      const verdict = await changes.start(passed, await earlierJob(jobs, passed));
      const denial = denialIn(verdict);
      if (denial) onDenied(...denial);
      return { passed, verdict };
    },
    async take(asked, check) {
      const { verdict } = asked;
      if (verdict.kind === 'refused') throw refusalError(verdict);
      const named = nameOf(asked.passed);
      const earlier = named && (await jobs.findNamed(named));
      if (earlier) return earlier;
      // It was deleted in this very moment.
      if (verdict.kind === 'repeated') throw new PatchError('JOB_NOT_FOUND', 'That job was deleted.');
      const { job: id, request, signedBy } = verdict;
      try {
        await check?.(request);
        return await jobs.submit(request, { id, named, signedBy: signedBy ?? undefined });
      } catch (error) {
        await changes.withdraw(id);
        throw error;
      }
    },
    cancel: (passed) => changes.cancel(passed),
    withdraw: (job) => changes.withdraw(job),
  };
}

/** What the worker refuses a change with. */
export function refusalError({ error }: Extract<StartAnswer, { kind: 'refused' }>): PatchError {
  return new PatchError(error.code, error.message, { details: error.details });
}

const nameOf = ({ change, body }: PassedChange) => nameChange({ ...change, body });

async function earlierJob(jobs: JobQueue, passed: PassedChange) {
  const named = nameOf(passed);
  const found = named && jobs.findKey(named.key);
  return found && { job: found.job, same: found.digest === named.digest };
}

function denialIn(verdict: StartAnswer): [PolicyDenial, { readonly operation: string }] | undefined {
  if (verdict.kind !== 'refused' || verdict.error.code !== 'POLICY_DENIED') return undefined;
  const { data } = PolicyDenial.safeParse(verdict.error.details['policy']);
  return data && [data, { operation: verdict.operation ?? 'unknown' }];
}
