import {
  AGENT_ROUTES,
  installOptions,
  type PackagePlanRequest,
  type Plan,
  type PlanLeftOut,
  type PlanQuery,
  planApply,
} from '@linux-patch/contract';
import type { HostPlan, LeftOut, PackagePlans, PlanWaiting } from '@linux-patch/worker';
import { type RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';
import { describeLists, type ListingSources } from './package-lists.ts';
import { refuseUnknownNames } from './patches.ts';

/** A refresh and the plan together: the listener gives up a client that hears nothing for two minutes. */
const ANSWER_WITHIN_MS = 115_000;

/** What changes would do: `/api/v1/packages/plan` and `/api/v1/patches/plan`. */
export function servePlans(server: RouteServer, sources: ListingSources): void {
  const { plans } = sources.inventory;
  const answer = async (plan: HostPlan): Promise<Plan> => ({
    ...describePlan(plan),
    lists: await describeLists(sources),
  });
  /** Refreshes when that is asked for; resolves to the milliseconds that are left for the plan. */
  const refreshed = async ({ refresh }: PlanQuery): Promise<number> => {
    const startedMs = server.clock.monotonicMs();
    if (refresh) await sources.refreshNow();
    return ANSWER_WITHIN_MS - (server.clock.monotonicMs() - startedMs);
  };
  serveRoute(server, AGENT_ROUTES.planPackages, async ({ query, body, signal }) => {
    const limitMs = await refreshed(query);
    return answer(await planOf(plans, body, { signal, limitMs }));
  });
  serveRoute(server, AGENT_ROUTES.planPatches, async ({ query, body, signal }) => {
    const wish = planApply(body);
    await refuseUnknownNames(wish, sources);
    const limitMs = await refreshed(query);
    const { selection } = wish;
    const nothing = { kind: 'names', names: [], securityOnly: false } as const;
    return answer(
      await plans.patches(
        { ...wish, selection: selection.kind === 'none' ? nothing : selection },
        { signal, limitMs },
      ),
    );
  });
}

function planOf(plans: PackagePlans, request: PackagePlanRequest, waiting: PlanWaiting): Promise<HostPlan> {
  switch (request.operation) {
    case 'install': {
      const packages = request.packages.map(({ name, version }) => ({ name, version: version ?? undefined }));
      return plans.install({ ...installOptions(request.options), packages, onlyUpgrade: false }, waiting);
    }
    case 'update': {
      const packages = [{ name: request.name, version: request.version ?? undefined }];
      return plans.install({ ...installOptions(request.options), packages, onlyUpgrade: true }, waiting);
    }
    case 'remove': {
      const { name, purge = false, force = false, allow_removals: allowRemovals } = request;
      return plans.remove({ name, purge, force, allowRemovals }, waiting);
    }
  }
}

function describePlan(plan: HostPlan): Plan {
  const { steps } = plan;
  return {
    plan_hash: plan.hash,
    steps: [...steps],
    new_packages: steps.filter((one) => one.from === null && one.to !== null).map((one) => one.name),
    removed_packages: steps.filter((one) => one.to === null).map((one) => one.name),
    left_out: plan.left.map(describeLeftOut),
    download_bytes: plan.downloadBytes ?? null,
    disk_bytes: plan.diskBytes ?? null,
    reboot: plan.reboot,
    busy: plan.busy ?? null,
    policy: plan.denial ?? null,
    planned_at: new Date(plan.plannedAtMs).toISOString(),
  };
}

/** What the contract lets a clause be. */
const REASON_LIMIT = 4_096;

function describeLeftOut(one: LeftOut): PlanLeftOut {
  return {
    name: one.name,
    from: one.current,
    to: one.version,
    security: one.security,
    asked: one.asked,
    why: one.why,
    reason: one.reason.slice(0, REASON_LIMIT),
    removals: one.removals ?? [],
  };
}
