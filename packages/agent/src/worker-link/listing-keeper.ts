import { messageOf } from '@linux-patch/contract';
import { type Clock, type Logger, within } from '@linux-patch/runtime';
import type { Listings } from './listings.ts';

/** How often the state on disk is looked at: some forty system calls. */
const LOOK_EVERY_MS = 60_000;
/** What could not be read is not tried again before, unless somebody says that something changed. */
const RETRY_PAUSE_MS = 15 * 60_000;
const STOP_LIMIT_MS = 1_000;

/** Reads packages in the background when something on the host has changed, so that nobody waits for it who asks. */
export interface ListingKeeper extends AsyncDisposable {
  /** Looks at once and every minute, until it is disposed of. */
  start(): void;
  /** Looks soon: something is likely to have changed. */
  nudge(): void;
}

export function createListingKeeper(options: {
  readonly listings: Pick<Listings, 'isCurrent' | 'readAhead' | 'settled'>;
  /** Resolves when no refresh of the lists is under way: what is read before its end is of no use after it. */
  readonly listsSettled: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}): ListingKeeper {
  const { listings, listsSettled, clock, logger } = options;
  const stopped = new AbortController();
  let nap = new AbortController();
  let loop: Promise<void> | undefined;
  let notBeforeMs = 0;
  const look = async (): Promise<void> => {
    if (clock.monotonicMs() < notBeforeMs) return;
    try {
      await listsSettled();
      if (!(await listings.isCurrent())) await listings.readAhead();
    } catch (error) {
      notBeforeMs = clock.monotonicMs() + RETRY_PAUSE_MS;
      logger.warn('packages could not be read in the background', { reason: messageOf(error) });
    }
  };
  const keep = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await look();
      await clock.sleep(LOOK_EVERY_MS, AbortSignal.any([stopped.signal, nap.signal])).catch(() => {});
      if (nap.signal.aborted) nap = new AbortController();
    }
  };
  return {
    start() {
      loop ??= keep();
    },
    nudge() {
      notBeforeMs = 0;
      nap.abort();
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await within(clock, STOP_LIMIT_MS, Promise.all([loop, listings.settled()]));
    },
  };
}
