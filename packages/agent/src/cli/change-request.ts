import {
  AGENT_ROUTES,
  type ApplyRequest,
  type PackagePlanRequest,
  type Plan,
  planApply,
  type Route,
} from '@linux-patch/contract';
import { routeTarget } from '@linux-patch/http/client';
import type { PlanWaiting } from '@linux-patch/worker';
import type { HostChanges } from '../app/host-listings.ts';
import { planPackages, planPatches } from '../listings/plans.ts';
import type { ListingSources } from '../listings/sources.ts';

type RootsChange = Parameters<HostChanges['door']['start']>[0];

/** What a command of root is to change. */
export type AskedChange =
  | { readonly kind: 'apply'; readonly request: ApplyRequest }
  | { readonly kind: 'packages'; readonly request: Exclude<PackagePlanRequest, { operation: 'update' }> }
  | { readonly kind: 'hold' | 'unhold'; readonly packages: readonly string[] };

/** What it would do; undefined for what changes no package. */
export async function planOf(
  change: AskedChange,
  sources: ListingSources,
  waiting: PlanWaiting,
): Promise<Plan | undefined> {
  switch (change.kind) {
    case 'apply':
      return planPatches(sources, planApply(change.request), { refreshed: async () => waiting });
    case 'packages':
      return planPackages(sources, change.request, waiting);
    case 'hold':
    case 'unhold':
      return undefined;
  }
}

/** The request by which the API is asked for it. @param planHash of the plan that was approved */
export function changeRequest(change: AskedChange, planHash: string | undefined): RootsChange {
  const approved = planHash === undefined ? {} : { plan_hash: planHash };
  switch (change.kind) {
    case 'apply':
      return requestOf(AGENT_ROUTES.applyPatches, { body: { ...change.request, ...approved } });
    case 'hold':
      return requestOf(AGENT_ROUTES.holdPackages, { body: { packages: change.packages } });
    case 'unhold':
      return requestOf(AGENT_ROUTES.unholdPackages, { body: { packages: change.packages } });
    case 'packages':
      return packagesRequest(change.request, approved);
  }
}

function packagesRequest(
  request: Extract<AskedChange, { kind: 'packages' }>['request'],
  approved: { readonly plan_hash?: string },
): RootsChange {
  switch (request.operation) {
    case 'install': {
      const { operation: _operation, ...body } = request;
      return requestOf(AGENT_ROUTES.installPackages, { body: { ...body, ...approved } });
    }
    case 'remove': {
      const { name, purge, allow_removals } = request;
      const query = new URLSearchParams({
        ...(purge ? { purge: 'true' } : {}),
        ...(allow_removals ? { allow_removals: 'true' } : {}),
        ...approved,
      });
      return requestOf(AGENT_ROUTES.removePackage, { params: { name }, query });
    }
    case 'rollback': {
      const { job_id: id, allow_removals } = request;
      return requestOf(AGENT_ROUTES.rollbackJob, { params: { id }, body: { allow_removals, ...approved } });
    }
  }
}

function requestOf(
  route: Pick<Route, 'method' | 'path'>,
  { body, ...target }: Parameters<typeof routeTarget>[1] & { readonly body?: object },
): RootsChange {
  return {
    line: `${route.method} ${routeTarget(route, target)}`,
    body: body === undefined ? '' : JSON.stringify(body),
  };
}
