import { isPatchError, PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import { CancelAnswer, StartAnswer, TakeOverAnswer, WithdrawAnswer } from '@linux-patch/worker';
import type { Changes } from '../jobs/changes.ts';
import type { WorkerLink } from './link.ts';

interface ChangesOptions {
  readonly logger: Logger;
  /** Called before a change is refused because it is for another instance than this one. */
  readonly onOtherInstance: () => Promise<void>;
}

/** Every change is a request of its own to the worker. */
export function createChanges(
  link: Pick<WorkerLink, 'ask'>,
  { logger, onOtherInstance }: ChangesOptions,
): Changes {
  const lane = 'changes';
  const heard = async <A extends StartAnswer | CancelAnswer>(answered: Promise<A>): Promise<A> => {
    const answer = await answered.catch(noVerdict);
    const isRefused = answer.kind === 'refused';
    if (isRefused && answer.error.code === 'INSTANCE_MISMATCH') await onOtherInstance();
    return answer;
  };
  return {
    start: ({ change, body }, earlier) =>
      heard(
        link.ask({ v: 1, op: 'start', bytes: body.length, change, earlier }, StartAnswer, { body, lane }),
      ),
    cancel: ({ change, body }) =>
      heard(link.ask({ v: 1, op: 'cancel', bytes: body.length, change }, CancelAnswer, { body, lane })),
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
    async takeOver() {
      return (await link.ask({ v: 1, op: 'take-over' }, TakeOverAnswer, { lane })).jobs;
    },
  };
}

function noVerdict(cause: unknown): never {
  if (!isPatchError(cause, 'WORKER_UNAVAILABLE')) throw cause;
  const message = `Nobody can say now whether this change may be made, so nothing was begun. ${cause.message}`;
  throw new PatchError('WORKER_UNAVAILABLE', message, { cause });
}
