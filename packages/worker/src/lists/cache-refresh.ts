import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import { type Clock, type Logger, type Random, within } from '@linux-patch/runtime';
import type { SourceState } from '../package-interface/package-inventory.ts';
import type { RefreshedSources, SourceFailure } from '../package-interface/package-operations.ts';
import type { PackageCache } from './cache-state.ts';

/** A background refresh that failed is not tried again before this time is over. */
const RETRY_PAUSE_MS = 15 * 60_000;
/** How often the time for a refresh is looked at. */
const LOOK_EVERY_MS = 60_000;
/** A fleet that was patched at one time shall not ask its mirror at one time for ever. */
const JITTER = 0.1;

/** Refreshes the package lists, once at a time, and keeps the record of it. */
export interface CacheRefresher extends AsyncDisposable {
  /**
   * Refreshes with `work`; when a background refresh is under way, its success is enough.
   * @returns the sources that failed while others did not.
   * @throws PatchError `NETWORK_ERROR`, `GPG_ERROR`, `LOCKED` and the like as the package manager says, else
   * `CACHE_REFRESH_ERROR`.
   */
  refresh(work: () => Promise<RefreshedSources>): Promise<readonly SourceFailure[]>;
  /**
   * Refreshes for somebody who waits, or waits for the refresh that is under way. What takes longer than `waitMs` goes on
   * in the background.
   * @throws PatchError `SERVICE_UNHEALTHY` while a job works with packages, when no source could be refreshed, and when
   *   the time is over.
   */
  refreshNow(waitMs: number): Promise<void>;
  /** Starts a refresh when one is due, and returns at once. */
  refreshInBackground(): void;
  /** Looks every minute whether a refresh is due, until the refresher is disposed of. */
  keepFresh(): void;
  /** Resolves when no refresh is under way. */
  settled(): Promise<void>;
}

/** What came of a refresh. */
export interface Refreshed extends RefreshedSources {
  /** What the lists are made of since then, where that is known. */
  readonly sources?: readonly SourceState[] | undefined;
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

export interface CacheRefresherOptions {
  readonly cache: PackageCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Between two refreshes in the background, a tenth more or less; 0: there are none. */
  readonly intervalMs: number;
  /** Refreshes without a job; the signal ends it. */
  readonly refreshQuietly: (signal: AbortSignal) => Promise<Refreshed>;
  /** What the lists are made of; the signal ends the reading. */
  readonly readSources: (signal: AbortSignal) => Promise<readonly SourceState[]>;
  /** Whether a job works with packages now; the background then waits for its next look. */
  readonly isBusy: () => boolean;
}

/** How a refresh in the background ended; a failure is told to those who asked, and to nobody else. */
type Outcome = { readonly failed: readonly SourceFailure[] } | { readonly error: PatchError };

/** Keeps the record of what refreshes did. */
function createRecorder(
  { cache, logger, readSources }: Pick<CacheRefresherOptions, 'cache' | 'logger' | 'readSources'>,
  stopped: AbortSignal,
) {
  const lookAtSources = async (): Promise<void> => {
    try {
      cache.noteSources(await readSources(stopped));
    } catch (error) {
      if (!stopped.aborted) logger.warn('the package sources cannot be read', { error });
    }
  };
  const recorded = async (work: () => Promise<Refreshed>): Promise<readonly SourceFailure[]> => {
    let done: Refreshed;
    try {
      done = await work();
    } catch (error) {
      const failure = asRefreshFailure(error);
      await cache.noteFailure(failure);
      throw failure;
    }
    if (done.sources) cache.noteSources(done.sources);
    else await lookAtSources();
    await cache.noteRefreshed(done);
    return done.failed;
  };
  return { lookAtSources, recorded };
}

export function createCacheRefresher(options: CacheRefresherOptions): CacheRefresher {
  const { cache, clock, logger } = options;
  const stopped = new AbortController();
  let background: Promise<Outcome> | undefined;
  let loop: Promise<void> | undefined;
  let notBeforeMs = 0;
  let spread = drawSpread(options.random);
  const { lookAtSources, recorded } = createRecorder(options, stopped.signal);

  const inBackground = async (): Promise<Outcome> => {
    spread = drawSpread(options.random);
    try {
      const failed = await recorded(() => options.refreshQuietly(stopped.signal));
      for (const { source, reason } of failed)
        logger.warn('a source could not be refreshed', { source, reason });
      logger.info('package lists refreshed');
      return { failed };
    } catch (error) {
      notBeforeMs = clock.monotonicMs() + RETRY_PAUSE_MS;
      if (!stopped.signal.aborted) logger.warn('package lists could not be refreshed', { error });
      return { error: asRefreshFailure(error) };
    } finally {
      background = undefined;
    }
  };
  const isDue = (): boolean =>
    options.intervalMs > 0 &&
    clock.monotonicMs() >= notBeforeMs &&
    isRefreshDue(cache, { nowMs: clock.now(), intervalMs: options.intervalMs * spread });
  const refreshInBackground = (): void => {
    if (background || stopped.signal.aborted || options.isBusy() || !isDue()) return;
    background = inBackground();
  };
  const look = async (): Promise<void> => {
    refreshInBackground();
    // Whoever refreshes says what the lists are made of, too.
    const first = await background;
    if (!first || 'error' in first) await lookAtSources();
    while (!stopped.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, stopped.signal).catch(() => {});
      refreshInBackground();
    }
  };
  return {
    async refresh(work) {
      const earlier = await background;
      return earlier && 'failed' in earlier ? earlier.failed : recorded(work);
    },
    async refreshNow(waitMs) {
      if (!background && options.isBusy()) throw busy();
      background ??= inBackground();
      const outcome = await within(clock, waitMs, background);
      if (outcome === undefined) throw stillRunning(waitMs);
      if ('error' in outcome) throw notRefreshed(outcome.error);
    },
    refreshInBackground,
    keepFresh() {
      loop ??= look();
    },
    async settled() {
      await background;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new PatchError('INTERRUPTED', 'The agent is stopping.'));
      await Promise.all([background, loop]);
    },
  };
}

function drawSpread(random: Random): number {
  return 1 + JITTER * (2 * random.fraction() - 1);
}

/** Whether the lists were not checked with success for the time that they may get old. */
function isRefreshDue(
  cache: PackageCache,
  { nowMs, intervalMs }: { readonly nowMs: number; readonly intervalMs: number },
): boolean {
  const { lastUpdateMs } = cache;
  if (lastUpdateMs === undefined || cache.status() === 'failed') return true;
  // A time in the future was written down by a clock that was wrong.
  return nowMs < lastUpdateMs || nowMs - lastUpdateMs >= intervalMs;
}

function busy(): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    'A job works with packages now, so the lists are not refreshed. Ask again when it is done, or ask without a refresh.',
  );
}

function stillRunning(waitMs: number): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `The package lists are still being refreshed after ${Math.round(waitMs / 1_000)} s; that goes on. Ask again.`,
  );
}

function notRefreshed(error: PatchError): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `The package lists could not be refreshed: ${error.message} Without a refresh the older lists are shown with their age.`,
    { cause: error, details: { code: error.code } },
  );
}

/** What is said of a refresh that failed. */
export function asRefreshFailure(error: unknown): PatchError {
  if (isPatchError(error, ...TELLING_CODES)) return error;
  return new PatchError('CACHE_REFRESH_ERROR', `Package lists could not be refreshed: ${messageOf(error)}`, {
    cause: error,
    details: error instanceof PatchError ? error.details : {},
  });
}
