import { PatchError, type PlanStep } from '@linux-patch/contract';
import type { AskedChange } from '../package-interface/change-policy.ts';
import type { ChangePermission } from '../package-interface/package-operations.ts';
import type { PackageChange, Refusal } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import type { Installed } from './package-facts.ts';
import { requirePermitted } from './permit.ts';
import { describeDifference, differenceOf } from './plan-difference.ts';
import type { PlanMemory } from './plan-memory.ts';
import { hashOfSteps, stepsOf, unnamedRemovals } from './steps.ts';

/** A change, and what is asked of it. */
export interface ChangeQuestion {
  readonly change: PackageChange;
  /** Packages that it is about. */
  readonly names: readonly string[];
  readonly permission: ChangePermission;
  readonly installed: readonly Installed[];
  /** Packages that no trusted source has, as far as that is known. */
  readonly untrusted?: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** What a change would do now, and why it would do nothing. */
export interface ChangeForecast {
  readonly steps: readonly PlanStep[];
  readonly refusal: Refusal | undefined;
}

/**
 * Finds out what a change would do. What it may not do, it is not said to do.
 * @throws PatchError when the package manager cannot say.
 */
export async function foresee({ adapter }: PackageHost, question: ChangeQuestion): Promise<ChangeForecast> {
  const { change, names, permission, installed, untrusted = new Set(), signal } = question;
  const simulation = await adapter.changing.simulate(change, { untrusted, signal });
  if (simulation.refusal) return { steps: [], refusal: simulation.refusal };
  const steps = stepsOf(simulation.packages, { rules: adapter.rules, installed, asked: names });
  const removals = permission.allowRemovals ? [] : unnamedRemovals(steps).map((one) => one.name);
  if (removals.length === 0) return { steps, refusal: undefined };
  return { steps: [], refusal: refuseRemovals(removals) };
}

/** Names that one clause holds. */
const NAMED_LIMIT = 10;

function refuseRemovals(removals: readonly string[]): Refusal {
  const more = removals.length > NAMED_LIMIT ? ` and ${removals.length - NAMED_LIMIT} more` : '';
  return {
    code: 'DEPENDENCY_CONFLICT',
    why: 'refused',
    reason: `${removals.slice(0, NAMED_LIMIT).join(', ')}${more} would have to be removed`,
    removals: [...removals],
  };
}

/**
 * Looks right before a change whether it does what was approved, removes nothing that nobody named, and does nothing that
 * the host's policy forbids.
 * @throws PatchError `PLAN_CHANGED` with `details.difference`, `DEPENDENCY_CONFLICT` with `details.removals`, `POLICY_DENIED`
 *   with `details.policy`; nothing was changed then. What the package manager refuses for another reason, it says itself.
 */
export async function requireApproved(
  host: PackageHost,
  memory: PlanMemory,
  question: ChangeQuestion & { readonly asked: AskedChange },
): Promise<void> {
  const { steps, refusal } = await foresee(host, question);
  requirePlan(memory, steps, question.permission);
  if (refusal?.removals) throw removalsError(question.names, refusal);
  const isBlind = host.adapter.changing.refusesItself && !(await host.policy.read()).looksAtSteps;
  if (refusal && !isBlind) throw unforeseenError(question.names, refusal);
  await requirePermitted(host, question.asked, steps);
}

function removalsError(names: readonly string[], { code, reason, removals }: Refusal): PatchError {
  return new PatchError(
    code,
    `Nothing was changed: for ${names.slice(0, NAMED_LIMIT).join(', ')} ${reason}, and nobody named that. Name it, or allow it with allow_removals.`,
    { details: { removals } },
  );
}

/** What it would do is not known, so that the policy of the host cannot judge it. */
function unforeseenError(names: readonly string[], { code, reason }: Refusal): PatchError {
  return new PatchError(code, `Nothing was changed: ${names.slice(0, NAMED_LIMIT).join(', ')}: ${reason}.`);
}

/** @throws PatchError `PLAN_CHANGED` when these are not the steps that were approved. */
export function requirePlan(
  memory: PlanMemory,
  steps: readonly PlanStep[],
  { planHash }: ChangePermission,
): void {
  if (planHash === undefined || planHash === hashOfSteps(steps)) return;
  const difference = differenceOf(memory.find(planHash), steps);
  throw new PatchError(
    'PLAN_CHANGED',
    `Nothing was changed, because the plan that was approved is not what would be done now; ${describeDifference(difference)}. Look at a new plan and approve that.`,
    { details: { difference } },
  );
}
