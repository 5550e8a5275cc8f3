import { DEFAULT_PAGE, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { HostJobs } from '../host-jobs/host-jobs.ts';
import type { Routes } from '../http/routes.ts';
import { getAct, readActs, viewAct } from './read-acts.ts';
import { type ActContext, startAct } from './start.ts';
import { stopAct } from './stop.ts';

interface ActSources extends ActContext {
  /** For what is about the whole fleet. */
  readonly reads: Database;
  readonly jobs: Pick<HostJobs, 'takeTurns'>;
}

/** What is asked of many hosts at once. */
export function serveActRoutes(routes: Routes, sources: ActSources): void {
  const { reads, jobs } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.startAct, async ({ body, headers, actor }) => {
    const act = await startAct(sources, body, { actor, key: headers['Idempotency-Key'] });
    jobs.takeTurns();
    return act;
  });
  routes.serve(MANAGER_ADMIN_ROUTES.acts, ({ query: { limit = DEFAULT_PAGE, offset = 0 }, actor }) =>
    readActs(reads, actor, { limit, offset }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.act, async ({ parameter, actor }) =>
    viewAct(reads, await getAct(reads, parameter('id'), actor), actor),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.stopAct, ({ parameter, actor }) =>
    stopAct(sources, parameter('id'), actor),
  );
}
