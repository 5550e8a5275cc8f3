import { asRefreshFailure, type CacheRefresher } from '../lists/cache-refresh.ts';
import type { PackageInventory } from '../package-interface/package-inventory.ts';
import { refreshAnswer } from '../requests/package-lists.ts';
import type { RunHost } from './host.ts';
import type { RunReport } from './report.ts';

/** Refreshes for a job, and says what came of it for the record of the lists. */
export function recordRefreshes(
  inventory: Pick<PackageInventory, 'sources'>,
  { clock, logger }: Pick<RunHost, 'clock' | 'logger'>,
  say: (report: RunReport) => void,
): Pick<CacheRefresher, 'refresh'> {
  return {
    async refresh(work) {
      try {
        const refreshed = await work();
        say({ t: 'refreshed', ...(await refreshAnswer(refreshed, inventory, logger)), atMs: clock.now() });
        return refreshed.failed;
      } catch (error) {
        const failure = asRefreshFailure(error);
        say({ t: 'not-refreshed', message: failure.message, atMs: clock.now() });
        throw failure;
      }
    },
  };
}
