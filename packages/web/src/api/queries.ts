import type { Host, HostInventory } from '@linux-patch/contract';
import { queryOptions } from '@tanstack/react-query';
import { isHinted } from '../live/topics.ts';
import { type Answered, type CallInput, call, type RouteId } from './call.ts';

/** For so long nothing may come of what the manager has on record itself. */
const SILENCE_MS = 30_000;

/** The answer of a route, asked again while somebody looks at it. */
export function ask<K extends RouteId>(id: K, input: Omit<CallInput<K>, 'signal' | 'body'> = {}) {
  // A host that is asked may think for minutes.
  const limit = isHinted([id]) ? { silenceMs: SILENCE_MS } : {};
  return queryOptions<Answered<K>>({
    queryKey: [id, input],
    queryFn: ({ signal }) => call(id, { ...input, ...limit, signal } as CallInput<K>),
  });
}

/** The most hosts that the manager tells of in one answer. */
const PAGE = 10_000;

/** What is known of the packages of all hosts; the figures are those of the first answer. */
async function wholeInventory(signal: AbortSignal): Promise<Answered<'inventory'>> {
  const first = await call('inventory', { query: { limit: PAGE }, signal, silenceMs: SILENCE_MS });
  const hosts: HostInventory[] = [...first.hosts];
  while (hosts.length < first.total) {
    const query = { limit: PAGE, offset: hosts.length };
    const more = await call('inventory', { query, signal, silenceMs: SILENCE_MS });
    if (more.hosts.length === 0) break;
    hosts.push(...more.hosts);
  }
  return { ...first, hosts };
}

/** The whole fleet. */
export interface Fleet {
  readonly inventory: Answered<'inventory'>;
  readonly hosts: readonly Host[];
}

/** The whole fleet: ten thousand hosts are some MB, so it is asked for less often. */
export const fleetQuery = queryOptions<Fleet>({
  queryKey: ['fleet'],
  queryFn: async ({ signal }) => {
    const [inventory, { hosts }] = await Promise.all([
      wholeInventory(signal),
      call('listHosts', { signal, silenceMs: SILENCE_MS }),
    ]);
    return { inventory, hosts };
  },
  meta: { isLarge: true },
});
