import {
  type ApplyPlan,
  installOptions,
  type PackagePlanRequest,
  type Plan,
  type PlanLeftOut,
} from '@linux-patch/contract';
import type { HostPlan, LeftOut, PackagePlans, PlanWaiting } from '@linux-patch/worker';
import { refuseUnknownNames } from './patches.ts';
import { describeLists, type ListingSources } from './sources.ts';

/** What installing, updating or removing a package would do. */
export async function planPackages(
  sources: ListingSources,
  request: PackagePlanRequest,
  waiting: PlanWaiting,
): Promise<Plan> {
  return told(await planOf(sources.inventory.plans, request, waiting), sources);
}

/**
 * What applying updates would do.
 * @throws PatchError `PATCH_NOT_FOUND` as `refuseUnknownNames`
 */
export async function planPatches(
  sources: ListingSources,
  wish: ApplyPlan,
  { refreshed }: { readonly refreshed: () => Promise<PlanWaiting> },
): Promise<Plan> {
  await refuseUnknownNames(wish, sources);
  const waiting = await refreshed();
  const { selection } = wish;
  const nothing = { kind: 'names', names: [], securityOnly: false } as const;
  const question = { ...wish, selection: selection.kind === 'none' ? nothing : selection };
  return told(await sources.inventory.plans.patches(question, waiting), sources);
}

async function told(plan: HostPlan, sources: ListingSources): Promise<Plan> {
  return { ...describePlan(plan), lists: await describeLists(sources) };
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
    case 'rollback': {
      const { job_id: job, allow_removals: allowRemovals } = request;
      return plans.rollback({ job: job.toLowerCase(), allowRemovals }, waiting);
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
