import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { SourceFailure } from '../package-manager/package-operations.ts';
import type { PackageCache } from './cache-state.ts';

/** A background refresh that failed is not tried again before this time is over. */
const RETRY_PAUSE_MS = 15 * 60_000;

/** Refreshes the package lists, once at a time, and keeps the record of it. */
export interface CacheRefresher extends AsyncDisposable {
  /**
   * Refreshes with `work`; when a background refresh is under way, its success is enough.
   * @returns the sources that failed while others did not.
   * @throws PatchError `NETWORK_ERROR`, `GPG_ERROR`, `LOCKED` and the like as the package manager says, else
   * `CACHE_REFRESH_ERROR`.
   */
  refresh(work: () => Promise<readonly SourceFailure[]>): Promise<readonly SourceFailure[]>;
  /** Starts a refresh when the lists are older than four hours, and returns at once. */
  refreshInBackground(): void;
}

/** Codes of `refresh` that say more than that it failed. */
const TELLING_CODES = [
  'NETWORK_ERROR',
  'GPG_ERROR',
  'LOCKED',
  'DISK_FULL',
  'PERMISSION_DENIED',
  'COMMAND_NOT_FOUND',
  'CANCELLED',
  'INTERRUPTED',
] as const;

export function createCacheRefresher(options: {
  readonly cache: PackageCache;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Refreshes without a job; the signal ends it. Resolves to the sources that failed while others did not. */
  readonly refreshQuietly: (signal: AbortSignal) => Promise<readonly SourceFailure[]>;
  /** Whether a job works with packages now; the background then waits for its next call. */
  readonly isBusy: () => boolean;
}): CacheRefresher {
  const { cache, clock, logger } = options;
  const stopped = new AbortController();
  let background: Promise<readonly SourceFailure[] | undefined> | undefined;
  let notBeforeMs = 0;

  const recorded = async (
    work: () => Promise<readonly SourceFailure[]>,
  ): Promise<readonly SourceFailure[]> => {
    let failed: readonly SourceFailure[];
    try {
      failed = await work();
    } catch (error) {
      const failure = asRefreshFailure(error);
      await cache.noteFailure(failure);
      throw failure;
    }
    await cache.noteRefreshed(failed);
    return failed;
  };
  const inBackground = async (): Promise<readonly SourceFailure[] | undefined> => {
    try {
      const failed = await recorded(() => options.refreshQuietly(stopped.signal));
      for (const { source, reason } of failed)
        logger.warn('a source could not be refreshed', { source, reason });
      logger.info('package lists refreshed');
      return failed;
    } catch (error) {
      notBeforeMs = clock.monotonicMs() + RETRY_PAUSE_MS;
      if (!stopped.signal.aborted) logger.warn('package lists could not be refreshed', { error });
      return undefined;
    } finally {
      background = undefined;
    }
  };
  return {
    async refresh(work) {
      return (await background) ?? recorded(work);
    },
    refreshInBackground() {
      const due = cache.status() !== 'fresh' && clock.monotonicMs() >= notBeforeMs;
      if (!due || background || options.isBusy() || stopped.signal.aborted) return;
      background = inBackground();
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new PatchError('INTERRUPTED', 'The agent is stopping.'));
      await background;
    },
  };
}

function asRefreshFailure(error: unknown): PatchError {
  if (isPatchError(error, ...TELLING_CODES)) return error;
  return new PatchError('CACHE_REFRESH_ERROR', `Package lists could not be refreshed: ${messageOf(error)}`, {
    cause: error,
    details: error instanceof PatchError ? error.details : {},
  });
}
