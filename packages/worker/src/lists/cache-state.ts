import type { CACHE_STATUSES } from '@linux-patch/contract';
import { lazily, messageOf } from '@linux-patch/contract';
import { type Clock, type Files, type Logger, readState, writeState } from '@linux-patch/runtime';
import { z } from 'zod';
import type { SourceState } from '../package-interface/package-inventory.ts';
import type { RefreshedSources, SourceFailure } from '../package-interface/package-operations.ts';
import { judgeLists, type ListVerdict } from './list-freshness.ts';
import {
  historyOf,
  recordAfter,
  type SourceHistory,
  SourceRecords,
  type WholeFailure,
} from './source-history.ts';

type CacheStatus = (typeof CACHE_STATUSES)[number];

/** The file of the older agent, kept readable for it, plus the time of the last successful apply. */
const StoredState = lazily(() =>
  z.object({
    last_cache_update: z.iso.datetime({ offset: true }).nullable(),
    last_update_success: z.boolean(),
    last_update_apply: z.iso.datetime({ offset: true }).nullish(),
    last_failure: z.string().nullish(),
    last_failure_at: z.iso.datetime().nullish(),
    sources: SourceRecords.nullish(),
  }),
);
type StoredState = z.infer<typeof StoredState>;

/** Room for all sources that are remembered, each with why it failed. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/** What the agent knows about the freshness of its package lists. */
export interface PackageCache {
  readonly lastUpdateMs: number | undefined;
  readonly lastApplyMs: number | undefined;
  /** `ok` in `message`, or what is wrong. */
  verdict(): ListVerdict;
  status(): CacheStatus;
  /** `ok`, or what is wrong. */
  health(): string;
  /** @param atMs when that was, epoch milliseconds; now unless it is said */
  noteRefreshed(refreshed: RefreshedSources, atMs?: number): Promise<void>;
  /**
   * A failure keeps the time of the last success: lists do not become fresh by failing.
   * @param atMs as above
   */
  noteFailure(error: unknown, atMs?: number): Promise<void>;
  /** @param atMs as above */
  noteApplied(atMs?: number): Promise<void>;
  /** What the lists are made of now; kept in memory. */
  noteSources(sources: readonly SourceState[]): void;
  /** What is known of how old the lists of a source are. */
  historyOf(source: SourceState): SourceHistory;
}

/** Opens the state file; one that is missing or unreadable means that nothing is known. */
export async function openPackageCache(options: {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<PackageCache> {
  const { path, files, clock, logger } = options;
  let state = await readStored();

  async function readStored(): Promise<StoredState> {
    const nothing = { last_cache_update: null, last_update_success: false };
    try {
      return (await readState(files, path, StoredState, LIMIT_BYTES)) ?? nothing;
    } catch (error) {
      logger.warn('package cache state cannot be read and is forgotten', { path, error });
      return nothing;
    }
  }

  async function write(change: Partial<StoredState>): Promise<void> {
    state = { ...state, ...change };
    try {
      await writeState(files, path, state, { file: 0o644, folder: 0o755 });
    } catch (error) {
      logger.warn('package cache state cannot be written', { path, error });
    }
  }

  let sources: readonly SourceState[] | undefined;
  const verdict = (): ListVerdict =>
    judgeLists(
      {
        checkedAtMs: epoch(state.last_cache_update),
        succeeded: state.last_update_success,
        failure: state.last_failure ?? undefined,
        sources,
      },
      clock.now(),
    );
  return {
    get lastUpdateMs() {
      return epoch(state.last_cache_update);
    },
    get lastApplyMs() {
      return epoch(state.last_update_apply);
    },
    verdict,
    status: () => verdict().status,
    health: () => verdict().message,
    noteSources: (present) => {
      sources = present;
    },
    historyOf: (source) =>
      historyOf(source, { records: state.sources ?? [], failure: wholeFailure(state) }, clock.now()),
    noteRefreshed: (refreshed, atMs = clock.now()) =>
      write({
        last_cache_update: new Date(atMs).toISOString(),
        last_update_success: true,
        last_failure: describeFailures(refreshed.failed) ?? null,
        last_failure_at: null,
        sources: recordAfter(state.sources ?? [], refreshed, { atMs, configured: sources }),
      }),
    noteFailure: (error, atMs = clock.now()) =>
      write({
        last_update_success: false,
        last_failure: messageOf(error),
        last_failure_at: new Date(atMs).toISOString(),
      }),
    noteApplied: (atMs = clock.now()) => write({ last_update_apply: new Date(atMs).toISOString() }),
  };
}

function wholeFailure(state: StoredState): WholeFailure | undefined {
  const { last_update_success, last_failure, last_failure_at } = state;
  return last_update_success || !last_failure
    ? undefined
    : { message: last_failure, atMs: epoch(last_failure_at) };
}

function describeFailures(failed: readonly SourceFailure[]): string | undefined {
  if (failed.length === 0) return undefined;
  return `not refreshed: ${failed.map(({ source, reason }) => `${source} (${reason})`).join('; ')}`;
}

function epoch(text: string | null | undefined): number | undefined {
  return text ? Date.parse(text) : undefined;
}
