import { DAY_MS, DEFAULT_PAGE, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import type { HostStore } from '../hosts/store.ts';
import type { Routes } from '../http/routes.ts';
import { readFleetJobs } from './read-jobs.ts';

/** What the manager was asked to have done on the fleet. */
export function serveFleetJobRoutes(
  routes: Routes,
  {
    reads,
    hosts,
    clock,
  }: { readonly reads: Database; readonly hosts: Pick<HostStore, 'getWithin'>; readonly clock: Clock },
): void {
  routes.serve(MANAGER_ADMIN_ROUTES.fleetJobs, async ({ query, sees }) => {
    const { host, job, state, act, days, limit = DEFAULT_PAGE, offset = 0 } = query;
    return readFleetJobs(reads, {
      hostId: host === undefined ? undefined : (await hosts.getWithin(sees, host)).id,
      jobId: job?.toLowerCase(),
      reach: sees,
      state,
      actId: act?.toLowerCase(),
      sinceMs: days === undefined ? undefined : clock.now() - days * DAY_MS,
      limit,
      offset,
    });
  });
}
