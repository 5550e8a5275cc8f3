import { asRefreshFailure, type CacheRefresher } from '../lists/cache-refresh.ts';
import type { PackageInventory } from '../package-interface/package-inventory.ts';
import { refreshAnswer, sourcesAnswer } from '../requests/package-lists.ts';
import type { RunHost } from './host.ts';
import type { RunReport } from './report.ts';

/** Refreshes for a job, and says what came of it for the record of the lists. */
export function recordRefreshes(
  inventory: Pick<PackageInventory, 'sources'>,
  { clock, logger }: Pick<RunHost, 'clock' | 'logger'>,
  say: (report: RunReport) => void,
): Pick<CacheRefresher, 'refresh'> {
  const sourcesNow = async () => {
    try {
      return sourcesAnswer(await inventory.sources());
    } catch (error) {
      logger.warn('the package sources cannot be read', { error });
      return undefined;
    }
  };
  return {
    async refresh(work) {
      try {
        const failed = await work();
        const sources = await sourcesNow();
        say({ t: 'refreshed', failed: refreshAnswer(failed), sources, atMs: clock.now() });
        return failed;
      } catch (error) {
        const failure = asRefreshFailure(error);
        say({ t: 'not-refreshed', message: failure.message });
        throw failure;
      }
    },
  };
}
