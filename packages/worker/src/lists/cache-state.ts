import { dirname } from 'node:path';
import type { CACHE_STATUSES } from '@linux-patch/contract';
import { lazily, messageOf } from '@linux-patch/contract';
import type { Clock, Files, Logger } from '@linux-patch/runtime';
import { z } from 'zod';
import type { SourceState } from '../package-interface/package-inventory.ts';
import type { SourceFailure } from '../package-interface/package-operations.ts';
import { judgeLists, type ListVerdict } from './list-freshness.ts';

type CacheStatus = (typeof CACHE_STATUSES)[number];

/** The file of the older agent, kept readable for it, plus the time of the last successful apply. */
const StoredState = lazily(() =>
  z.object({
    last_cache_update: z.iso.datetime({ offset: true }).nullable(),
    last_update_success: z.boolean(),
    last_update_apply: z.iso.datetime({ offset: true }).nullish(),
    last_failure: z.string().nullish(),
  }),
);
type StoredState = z.infer<typeof StoredState>;

/** What the agent knows about the freshness of its package lists. */
export interface PackageCache {
  readonly lastUpdateMs: number | undefined;
  readonly lastApplyMs: number | undefined;
  /** `ok` in `message`, or what is wrong. */
  verdict(): ListVerdict;
  status(): CacheStatus;
  /** `ok`, or what is wrong. */
  health(): string;
  /**
   * @param failed sources that could not be refreshed while others were
   * @param atMs when that was, epoch milliseconds; now unless it is said
   */
  noteRefreshed(failed?: readonly SourceFailure[], atMs?: number): Promise<void>;
  /** A failure keeps the time of the last success: lists do not become fresh by failing. */
  noteFailure(error: unknown): Promise<void>;
  /** @param atMs as above */
  noteApplied(atMs?: number): Promise<void>;
  /** What the lists are made of now; kept in memory. */
  noteSources(sources: readonly SourceState[]): void;
}

/** Opens the state file; one that is missing or unreadable means that nothing is known. */
export async function openPackageCache(options: {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<PackageCache> {
  const { path, files, clock, logger } = options;
  let state = await readState();

  async function readState(): Promise<StoredState> {
    const nothing = { last_cache_update: null, last_update_success: false };
    const text = await files.readText(path);
    if (text === undefined) return nothing;
    try {
      return StoredState.parse(JSON.parse(text));
    } catch (error) {
      logger.warn('package cache state cannot be read and is forgotten', { path, error });
      return nothing;
    }
  }

  async function write(change: Partial<StoredState>): Promise<void> {
    state = { ...state, ...change };
    try {
      await files.makeFolder(dirname(path), 0o755);
      await files.writeDurably({ path, data: `${JSON.stringify(state, null, 2)}\n`, mode: 0o644 });
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
    noteRefreshed: (failed = [], atMs = clock.now()) =>
      write({
        last_cache_update: new Date(atMs).toISOString(),
        last_update_success: true,
        last_failure: describeFailures(failed) ?? null,
      }),
    noteFailure: (error) => write({ last_update_success: false, last_failure: messageOf(error) }),
    noteApplied: (atMs = clock.now()) => write({ last_update_apply: new Date(atMs).toISOString() }),
  };
}

function describeFailures(failed: readonly SourceFailure[]): string | undefined {
  if (failed.length === 0) return undefined;
  return `not refreshed: ${failed.map(({ source, reason }) => `${source} (${reason})`).join('; ')}`;
}

function epoch(text: string | null | undefined): number | undefined {
  return text ? Date.parse(text) : undefined;
}
