import type { Host, HostInventory } from '@linux-patch/contract';
import { queryOptions } from '@tanstack/react-query';
import { type Answered, type CallInput, call, type RouteId } from './call.ts';

/** The answer of a route, asked again while somebody looks at it. */
export function ask<K extends RouteId>(id: K, input: Omit<CallInput<K>, 'signal' | 'body'> = {}) {
  return queryOptions<Answered<K>>({
    queryKey: [id, input],
    queryFn: ({ signal }) => call(id, { ...input, signal } as CallInput<K>),
  });
}

/** The most hosts that the manager tells of in one answer. */
const PAGE = 1_000;

/** What is known of the packages of all hosts; the figures are those of the first answer. */
async function wholeInventory(signal: AbortSignal): Promise<Answered<'inventory'>> {
  const first = await call('inventory', { query: { limit: PAGE }, signal });
  const hosts: HostInventory[] = [...first.hosts];
  while (hosts.length < first.total) {
    const more = await call('inventory', { query: { limit: PAGE, offset: hosts.length }, signal });
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
    const [inventory, { hosts }] = await Promise.all([wholeInventory(signal), call('listHosts', { signal })]);
    return { inventory, hosts };
  },
  meta: { isLarge: true },
});
