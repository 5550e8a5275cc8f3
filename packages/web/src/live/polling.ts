import type { Query, QueryClient } from '@tanstack/react-query';
import { isUnreachable } from '../api/call-failure.ts';
import { isHinted } from './topics.ts';

/** How often a screen asks again what it shows, where nobody tells it of changes. */
const EVERY_MS = 20_000;
/** The same where somebody does: what changes with time alone is told by nobody. */
const HINTED_MS = 120_000;

const LIVE_KEY = ['live'];

/** Takes note of whether changes are told. */
export function setLive(client: QueryClient, isLive: boolean): void {
  client.setQueryDefaults(LIVE_KEY, { gcTime: Number.POSITIVE_INFINITY });
  client.setQueryData(LIVE_KEY, isLive);
}

/** When a query is asked again by itself; not at all where its failure says that asking is of no use. */
export function pollMs(client: QueryClient, { queryKey, state, meta }: Query): number | false {
  const everyMs = EVERY_MS * (meta?.isLarge ? 3 : 1);
  if (state.error) return isUnreachable(state.error) ? everyMs : false;
  return client.getQueryData(LIVE_KEY) === true && isHinted(queryKey) ? HINTED_MS : everyMs;
}
