import { join } from 'node:path';
import { findBackend, openPackageCache, type SourceFailure, StateAnswer } from '@linux-patch/worker';
import type { ListingSources } from '../listings/sources.ts';
import { createWorkerInventory } from '../worker-link/inventory.ts';
import type { WorkerLink } from '../worker-link/link.ts';
import { openListingFile } from '../worker-link/listing-file.ts';
import { createListings } from '../worker-link/listings.ts';
import { createPackageLists } from '../worker-link/package-lists.ts';
import { createWorkerPlans } from '../worker-link/plans.ts';
import { openRootsDoor, type RootsDoor } from '../worker-link/roots-door.ts';
import type { AgentContext } from './agent-context.ts';
import { rootsLinkOf } from './compose-worker.ts';

type HostContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report'>;

/**
 * What root's own commands tell of the packages of this host, whether an agent runs or not: by a worker of their own, and from
 * what an agent keeps while that is of the state on disk. The files of the agent are only read.
 */
export async function openHostListings(
  context: HostContext,
  stack: DisposableStack,
): Promise<ListingSources> {
  const { files } = context.host;
  const { paths } = context.settings;
  // Whoever may not read what the agent keeps would be told less than there is.
  await files.list(join(paths.dataFolder, 'state'), { missingOk: true });
  return listingsBy(stack.use(rootsLinkOf(context)), context);
}

/** The same, and what root may have done. */
export async function openHostChanges(context: HostContext, stack: DisposableStack): Promise<HostChanges> {
  const link = stack.use(rootsLinkOf(context));
  const sources = await listingsBy(link, context);
  return {
    door: doorBy(link, context),
    sources,
    async refresh(signal) {
      const refreshed = await createPackageLists(link).refresh(signal);
      if (refreshed.sources) sources.cache.noteSources(refreshed.sources);
      await sources.cache.noteRefreshed(refreshed);
      return refreshed.failed;
    },
  };
}

/** What root's commands that change something work with. */
export interface HostChanges {
  readonly door: RootsDoor;
  readonly sources: ListingSources;
  /** @returns the sources that could not be refreshed @throws PatchError when none could */
  refresh(signal: AbortSignal): Promise<readonly SourceFailure[]>;
}

/** What is known of the jobs that root has asked for itself. */
export function openHostDoor(context: HostContext, stack: DisposableStack): RootsDoor {
  return doorBy(stack.use(rootsLinkOf(context)), context);
}

function doorBy(link: WorkerLink, context: HostContext): RootsDoor {
  const { files, root } = context.host;
  const { clock } = context.time;
  const { logger } = context.report;
  return openRootsDoor({ link, files, clock, logger, root, clockFault: clockFaultOf(context) });
}

function clockFaultOf({ time: { clockWatch } }: HostContext): () => string | undefined {
  return () => (clockWatch.verdict.state === 'ok' ? undefined : clockWatch.verdict.message);
}

async function listingsBy(link: WorkerLink, context: HostContext) {
  const { files, root } = context.host;
  const { config, paths } = context.settings;
  const { clock } = context.time;
  const { logger } = context.report;
  const kept = openListingFile({ path: join(paths.dataFolder, 'state/packages.json'), files, logger });
  const listings = createListings({ link, files, file: { ...kept, save: async () => {} } });
  const plans = createWorkerPlans({ link, clock, clockFault: clockFaultOf(context) });
  const inventory = createWorkerInventory(link, {
    name: await findBackend(files, config.package_manager.backend, root),
    plans,
    listings,
    state: { reading: () => link.ask({ v: 1, op: 'state' }, StateAnswer) },
  });
  const path = join(paths.dataFolder, 'state/cache.json');
  return { inventory, cache: await openPackageCache({ path, files, clock, logger }) };
}
