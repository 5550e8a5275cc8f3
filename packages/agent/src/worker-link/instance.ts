import { MINUTE_MS } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import { InstanceAnswer } from '@linux-patch/worker';
import type { WorkerLink } from './link.ts';

/** After so long the worker is ended. */
const LIMIT_MS = 30_000;
const AGAIN_AFTER_MS = MINUTE_MS;

/** Why an installation is not what it was, for the log. */
const REASONS = {
  other_host: 'the data folder comes from another host; this instance gets its own id',
  unreadable: 'the id of this instance cannot be read; it gets another',
} as const;

/** Which installation this is. The worker makes and keeps that; here is what it has said last. */
export interface InstanceId {
  /** Waits for what it says first; undefined while it could not. */
  current(): Promise<string | undefined>;
  /** Asks the worker, and once a minute from then on until it has answered. A fault is in the log. */
  begin(): void;
  /** Asks the worker once more, when something shows that it may be another. A fault is in the log. */
  ask(): Promise<void>;
}

export function createInstanceId(options: {
  readonly link: Pick<WorkerLink, 'ask'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the asking. */
  readonly signal: AbortSignal;
}): InstanceId {
  const { link, clock, logger, signal } = options;
  const known: { id?: string; first?: Promise<void> } = {};
  const ask = async (): Promise<void> => {
    try {
      const more = { lane: 'changes', limitMs: LIMIT_MS, signal } as const;
      const { instanceId, origin } = await link.ask({ v: 1, op: 'instance' }, InstanceAnswer, more);
      if (origin === 'other_host' || origin === 'unreadable') logger.warn(REASONS[origin]);
      known.id = instanceId;
    } catch (error) {
      if (!signal.aborted)
        logger.error('the worker cannot say which instance of the agent this is', { error });
    }
  };
  const askUntilKnown = async (): Promise<void> => {
    while (known.id === undefined) {
      await clock.sleep(AGAIN_AFTER_MS, signal);
      await ask();
    }
  };
  return {
    async current() {
      await known.first;
      return known.id;
    },
    ask,
    begin() {
      known.first = ask();
      void known.first.then(askUntilKnown).catch(() => {});
    },
  };
}
