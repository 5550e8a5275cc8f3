import {
  type ApplyPlan,
  compareText,
  type Patch,
  PatchError,
  type PatchList,
  type PatchQuery,
  SEVERITIES,
} from '@linux-patch/contract';
import type { Listing } from './listing.ts';
import { pageOf } from './paging.ts';
import { describeLists, type ListingSources } from './sources.ts';

/** The pending updates of this host that a query chooses. */
export async function listPatches(sources: ListingSources, query: PatchQuery): Promise<Listing<PatchList>> {
  const { inventory } = sources;
  const { refresh: _refreshed, explain = false, ...asked } = query;
  const revision = await inventory.revision();
  const lists = await describeLists(sources);
  const make = async (): Promise<PatchList> => {
    const { patches, hiddenSecurity, listedAtMs } = await inventory.listPatches({ explain });
    const matching = patches.filter((patch) => matches(patch, query));
    const page = pageOf(matching, query, comparison(query.sort ?? 'name'));
    return {
      patches: page.items,
      total: page.total,
      security_updates: matching.filter((patch) => patch.security).length,
      requires_reboot: matching.some((patch) => patch.requires_reboot),
      hidden_security: [...hiddenSecurity],
      listed_at: new Date(listedAtMs).toISOString(),
      revision,
      lists,
    };
  };
  // Reasons are asked for anew; within their time not all may be found.
  return { basis: explain ? undefined : { revision, asked, lists }, make };
}

/**
 * Names that may be pending are let through: what waits is known only after the job's refresh.
 * @throws PatchError `PATCH_NOT_FOUND` when none of the names is installed.
 */
export async function refuseUnknownNames(
  plan: Pick<ApplyPlan, 'selection'>,
  { inventory }: Pick<ListingSources, 'inventory'>,
): Promise<void> {
  if (plan.selection.kind !== 'names') return;
  const { names } = plan.selection;
  const installed = await inventory.listPackages();
  if (installed.some((one) => names.includes(one.name) || names.includes(`${one.name}:${one.architecture}`)))
    return;
  throw new PatchError(
    'PATCH_NOT_FOUND',
    `Nothing named ${names.join(', ')} is installed on this host, so there is no update for it.`,
    { details: { names } },
  );
}

function matches(patch: Patch, query: PatchQuery): boolean {
  const { severity = 'all', status = 'all', security } = query;
  if (severity !== 'all' && patch.severity !== severity) return false;
  if (security !== undefined && patch.security !== security) return false;
  switch (status) {
    case 'held':
      return patch.held;
    case 'phased':
      return patch.phased;
    case 'available':
      return !patch.held && !patch.phased;
    case 'all':
      return true;
  }
}

/** By severity the gravest comes first. */
function comparison(sort: NonNullable<PatchQuery['sort']>): (a: Patch, b: Patch) => number {
  const byName = (a: Patch, b: Patch): number => compareText(a.name, b.name);
  if (sort === 'name') return byName;
  return (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || byName(a, b);
}
