import { MINUTE_MS } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import { InstanceAnswer } from '@linux-patch/worker';
import type { InstanceFile } from './instance-file.ts';
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
  /**
   * Takes what the worker has said to an agent before this one, else asks it, and once a minute from then on until it has
   * answered. A fault is in the log.
   */
  begin(): void;
  /** Asks where that was not done since this agent began. */
  confirm(): void;
  /** Asks the worker once more, when something shows that it may be another. A fault is in the log. */
  ask(): Promise<void>;
}

export function createInstanceId(options: {
  readonly link: Pick<WorkerLink, 'ask'>;
  /** Outlives this agent, because a worker takes longer to start than an agent. */
  readonly file: InstanceFile;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the asking. */
  readonly signal: AbortSignal;
}): InstanceId {
  const { link, file, clock, logger, signal } = options;
  const known: { id?: string | undefined; first?: Promise<void> } = {};
  let isAsked = false;
  const ask = async (): Promise<void> => {
    isAsked = true;
    try {
      const more = { lane: 'changes', limitMs: LIMIT_MS, signal } as const;
      const { instanceId, origin } = await link.ask({ v: 1, op: 'instance' }, InstanceAnswer, more);
      if (origin === 'other_host' || origin === 'unreadable') logger.warn(REASONS[origin]);
      known.id = instanceId;
      await file.save(instanceId);
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
    confirm() {
      if (!isAsked) void ask();
    },
    begin() {
      known.first = file.load().then(async (kept) => {
        known.id = kept;
        if (kept === undefined) await ask();
      });
      void known.first.then(askUntilKnown).catch(() => {});
    },
  };
}
