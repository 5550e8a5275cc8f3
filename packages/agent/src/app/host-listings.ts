import { join } from 'node:path';
import { findBackend, openPackageCache, StateAnswer } from '@linux-patch/worker';
import type { ListingSources } from '../listings/sources.ts';
import { createWorkerInventory } from '../worker-link/inventory.ts';
import { openListingFile } from '../worker-link/listing-file.ts';
import { createListings } from '../worker-link/listings.ts';
import { createWorkerPlans } from '../worker-link/plans.ts';
import type { AgentContext } from './agent-context.ts';
import { rootsLinkOf } from './compose-worker.ts';

/**
 * What root's own commands tell of the packages of this host, whether an agent runs or not: by a worker of their own, and from
 * what an agent keeps while that is of the state on disk. The files of the agent are only read.
 */
export async function openHostListings(
  context: Pick<AgentContext, 'host' | 'settings' | 'time' | 'report'>,
  stack: DisposableStack,
): Promise<ListingSources> {
  const { files, root } = context.host;
  const { config, paths } = context.settings;
  const { clock, clockWatch } = context.time;
  const { logger } = context.report;
  // Whoever may not read what the agent keeps would be told less than there is.
  await files.list(join(paths.dataFolder, 'state'), { missingOk: true });
  const link = stack.use(rootsLinkOf(context));
  const kept = openListingFile({ path: join(paths.dataFolder, 'state/packages.json'), files, logger });
  const listings = createListings({ link, files, file: { ...kept, save: async () => {} } });
  const plans = createWorkerPlans({
    link,
    clock,
    clockFault: () => (clockWatch.verdict.state === 'ok' ? undefined : clockWatch.verdict.message),
  });
  const inventory = createWorkerInventory(link, {
    name: await findBackend(files, config.package_manager.backend, root),
    plans,
    listings,
    state: { reading: () => link.ask({ v: 1, op: 'state' }, StateAnswer) },
  });
  const path = join(paths.dataFolder, 'state/cache.json');
  return { inventory, cache: await openPackageCache({ path, files, clock, logger }) };
}
