import type { Hint } from '@linux-patch/contract';
import type { Query, QueryClient } from '@tanstack/react-query';
import { failureOf } from '../api/call-failure.ts';
import { isAbout } from './topics.ts';

const LEAST_REST_MS = 3_000;
const MOST_REST_MS = 60_000;
/** A question takes at most one part of so many of the manager's time, however much happens. */
const PARTS = 50;

/** How long a question rests whose answer took so long. */
function restMs(tookMs: number): number {
  return Math.min(Math.max(PARTS * tookMs, LEAST_REST_MS), MOST_REST_MS);
}

/** Each refusal is on record, and the next one would be the same. */
const REFUSED = new Set(['FORBIDDEN', 'UNAUTHORIZED']);

function isRefused({ state }: Query): boolean {
  return state.error !== null && REFUSED.has(failureOf(state.error).code);
}

/** Asks again what changed, of what is on the screen. */
export interface Refresher extends Disposable {
  changed(changed: Hint['changed']): void;
}

export function createRefresher(client: QueryClient): Refresher {
  /** What is asked now, or rests after it, and whether it changed meanwhile. */
  const busy = new Map<string, { isDue: boolean }>();
  let isOver = false;
  const refresh = async (query: Query): Promise<void> => {
    const { queryHash, queryKey, state } = query;
    const known = busy.get(queryHash);
    if (known) {
      known.isDue = true;
      return;
    }
    // An answer that is under way may be of before the change; the first one is not given up for that.
    const own = { isDue: state.fetchStatus === 'fetching' && state.data === undefined };
    busy.set(queryHash, own);
    const begunMs = performance.now();
    await client.refetchQueries({ queryKey, exact: true, type: 'active' });
    // What failed took its time in vain, and not the manager's.
    const rest = restMs(query.state.error ? 0 : performance.now() - begunMs);
    await new Promise((resolve) => setTimeout(resolve, rest));
    busy.delete(queryHash);
    if (own.isDue && !isOver) await refresh(query);
  };
  return {
    changed(changed) {
      for (const query of client.getQueryCache().getAll()) {
        if (!isAbout(query.queryKey, changed) || isRefused(query)) continue;
        if (query.isActive()) void refresh(query);
        else query.invalidate();
      }
    },
    [Symbol.dispose]() {
      isOver = true;
    },
  };
}
