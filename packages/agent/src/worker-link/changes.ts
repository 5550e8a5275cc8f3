import { isPatchError, PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import { CancelAnswer, StartAnswer, TakeOverAnswer, WithdrawAnswer } from '@linux-patch/worker';
import type { Changes } from '../jobs/changes.ts';
import type { WorkerLink } from './link.ts';

/** Every change is a request of its own to the worker. */
export function createChanges(link: Pick<WorkerLink, 'ask'>, logger: Logger): Changes {
  const lane = 'changes';
  return {
    start: ({ change, body }, earlier) =>
      link
        .ask({ v: 1, op: 'start', bytes: body.length, change, earlier }, StartAnswer, { body, lane })
        .catch(noVerdict),
    cancel: ({ change, body }) =>
      link
        .ask({ v: 1, op: 'cancel', bytes: body.length, change }, CancelAnswer, { body, lane })
        .catch(noVerdict),
    async withdraw(job) {
      try {
        await link.ask({ v: 1, op: 'withdraw', job }, WithdrawAnswer, { lane });
      } catch (error) {
        logger.error('the worker could not be told that an accepted job is not to be done', {
          job_id: job,
          error,
        });
      }
    },
    async takeOver(folder) {
      return (await link.ask({ v: 1, op: 'take-over', folder }, TakeOverAnswer, { lane })).jobs;
    },
  };
}

function noVerdict(cause: unknown): never {
  if (!isPatchError(cause, 'WORKER_UNAVAILABLE')) throw cause;
  const message = `Nobody can say now whether this change may be made, so nothing was begun. ${cause.message}`;
  throw new PatchError('WORKER_UNAVAILABLE', message, { cause });
}
