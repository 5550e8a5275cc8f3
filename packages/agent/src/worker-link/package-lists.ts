import { HOUR_MS } from '@linux-patch/contract';
import {
  RefreshAnswer,
  type Refreshed,
  type RefreshedSources,
  type SourceState,
  SourcesAnswer,
} from '@linux-patch/worker';
import { sourceStates } from './inventory.ts';
import type { WorkerLink } from './link.ts';

/** The worker's own limits come first: an hour for which it waits until nobody else works with the packages, and one of work. */
const REFRESH_LIMIT_MS = 2.5 * HOUR_MS;

/** What packages are listed in, as the worker refreshes and reads it. */
export interface PackageLists {
  /** @throws PatchError what the worker says; the signal's reason when it aborts, which ends the worker */
  readonly refresh: (signal: AbortSignal) => Promise<Refreshed>;
  /** The same. */
  readonly sources: (signal: AbortSignal) => Promise<readonly SourceState[]>;
}

export function createPackageLists(link: Pick<WorkerLink, 'ask'>): PackageLists {
  const lane = 'lists';
  return {
    async refresh(signal) {
      const more = { signal, lane, limitMs: REFRESH_LIMIT_MS } as const;
      const answer = link.ask({ v: 1, op: 'refresh' }, RefreshAnswer, more);
      const { sources, ...refreshed } = await orReason(signal, answer);
      return { ...refreshedOf(refreshed), sources: sources && sourceStates(sources) };
    },
    sources: async (signal) =>
      sourceStates(
        await orReason(signal, link.ask({ v: 1, op: 'sources' }, SourcesAnswer, { signal, lane })),
      ),
  };
}

/** What JSON leaves out is not known. */
export function refreshedOf({
  failed,
  healthy,
}: Pick<RefreshAnswer, 'failed' | 'healthy'>): RefreshedSources {
  return { failed: failed.map((one) => ({ ...one, id: one.id })), healthy };
}

/** Who ends a request knows why. */
async function orReason<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
