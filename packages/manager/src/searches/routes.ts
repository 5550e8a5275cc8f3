import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import type { ManagerTables } from '../database/schema.ts';
import { requireSelection } from '../hosts/choose.ts';
import type { Routes } from '../http/routes.ts';
import { getSearch } from './find.ts';
import {
  changeSearch,
  createSearch,
  deleteSearch,
  listSearches,
  type SearchContext,
  toView,
} from './store.ts';

interface SearchSources extends SearchContext {
  /** For what is about the whole fleet. */
  readonly reads: Kysely<ManagerTables>;
  /** How old a listing of a host may be that counts. */
  readonly lifeMs: number;
}

/** What people call about saved searches. */
export function serveSearchRoutes(routes: Routes, sources: SearchSources): void {
  const { reads, clock, lifeMs } = sources;
  const check = (hosts: string, signal: AbortSignal): Promise<void> =>
    requireSelection(reads, hosts, { nowMs: clock.now(), lifeMs, signal, reach: 'everywhere' });
  routes.serve(MANAGER_ADMIN_ROUTES.listSearches, async () => {
    const searches = await listSearches(reads);
    return { searches, total: searches.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.getSearch, async ({ parameter }) =>
    toView(await getSearch(reads, parameter('name'))),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.createSearch, async ({ body, actor, request }) => {
    await check(body.hosts, request.signal);
    return createSearch(sources, body, actor);
  });
  routes.serve(MANAGER_ADMIN_ROUTES.changeSearch, async ({ parameter, body, actor, request }) => {
    await check(body.hosts, request.signal);
    return changeSearch(sources, { name: parameter('name'), hosts: body.hosts }, actor);
  });
  routes.serve(MANAGER_ADMIN_ROUTES.deleteSearch, ({ parameter, actor }) =>
    deleteSearch(sources, parameter('name'), actor),
  );
}
