import { PatchError, type PlanStep } from '@linux-patch/contract';
import type { ChangeRules } from '../package-interface/change-policy.ts';
import { type LeftOut, sortLeftOut } from '../package-interface/left-out.ts';
import type { OperationRun, UpdateWish } from '../package-interface/package-operations.ts';
import type { PackageAdapter, PackageChange, Refusal } from './adapter.ts';
import { admit } from './admit.ts';
import type { PackageHost } from './doors.ts';
import type { Update } from './package-facts.ts';
import { judgeUpdates, refuseSteps } from './permit.ts';
import { foresee } from './plan-check.ts';
import { type Choice, forbidden, leftOut, selectUpdates } from './selection.ts';
import type { PackageReader } from './snapshot.ts';

/** What goes in together, and what stays out and why. */
export interface UpdatePlan {
  readonly change: Extract<PackageChange, { kind: 'update' }>;
  /** What the package manager would do for it. */
  readonly steps: readonly PlanStep[];
  readonly left: readonly LeftOut[];
}

type Planning = Pick<OperationRun, 'signal' | 'onProgress'>;

/** Chooses from what waits now what a job asked for. */
export async function chooseUpdates(
  { adapter, policy }: PackageHost,
  reader: PackageReader,
  wish: UpdateWish,
): Promise<Choice> {
  refuseLimits(adapter, wish);
  const { installed, pending, updates } = await reader.snapshot({ offered: true });
  const { hiddenSecurity } = pending;
  const denialOf = await judgeUpdates({ adapter }, await policy.read(), updates);
  return selectUpdates({ adapter, installed, updates, hiddenSecurity, denialOf }, wish);
}

/** @throws PatchError `INVALID_REQUEST` for what this package manager does not do */
function refuseLimits({ limits }: Pick<PackageAdapter, 'limits'>, { selection }: UpdateWish): void {
  const sentence =
    selection.kind === 'security'
      ? limits.securityUpdates
      : selection.kind === 'names'
        ? limits.someUpdates
        : undefined;
  if (sentence !== undefined) throw new PatchError('INVALID_REQUEST', `${sentence} Nothing was changed.`);
}

/**
 * Finds out what of a choice fits together. What is refused stays out and is named with its reason. Changes nothing.
 * @param known.untrusted packages that no trusted source has.
 * @throws PatchError `DEPENDENCY_CONFLICT` when what is installed does not fit together.
 */
export async function planUpdates(
  host: PackageHost,
  {
    choice,
    wish,
    untrusted,
  }: {
    readonly choice: Choice;
    readonly wish: UpdateWish;
    readonly untrusted: ReadonlySet<string>;
  },
  { signal, onProgress }: Planning,
): Promise<UpdatePlan> {
  const { words } = host.adapter;
  const rules = await host.policy.read();
  let sane = false;
  let steps: readonly PlanStep[] = [];
  if (choice.chosen.length > 0) onProgress(0, `Asking ${words.solver} whether everything fits together`);
  const changeOf = (updates: readonly Update[]) => ({
    kind: 'update' as const,
    updates,
    allowRemovals: wish.allowRemovals,
    allOrNothing: wish.planHash !== undefined,
    kept: choice.excluded,
  });
  const { admitted, refused } = await admit<Update, Refusal>({
    likely: choice.chosen,
    doubtful: choice.doubtful,
    undecided: {
      code: 'DEPENDENCY_CONFLICT',
      why: 'refused',
      reason: `${words.solver} refused it together with others, and too many were refused to ask for each`,
    },
    refusal: async (updates) => {
      const names = updates.map((one) => one.id);
      const question = { change: changeOf(updates), names, permission: wish, installed: choice.installed };
      const forecast = await foresee(host, { ...question, untrusted, signal });
      const refusal = forecast.refusal ?? (await refuseUnnamed(host, rules, { wish, steps: forecast.steps }));
      // Whatever is not refused is added to what was not before, so that the last one is what is done.
      if (!refusal) steps = forecast.steps;
      if (forecast.refusal && !sane) await refuseUnmetHost(host, signal);
      if (refusal) onProgress(0, `${words.solver} refuses a part; finding out which and why`);
      sane = true;
      return refusal;
    },
  });
  const left = refused.map(({ item, reason }) => leftOut(item, wish, reason));
  return { change: changeOf(admitted), steps, left: sortLeftOut([...choice.left, ...left]) };
}

/**
 * What nobody named stays out where the policy of the host forbids it, so that the rest goes in; what was named is denied as
 * a whole, right before the change.
 */
async function refuseUnnamed(
  host: PackageHost,
  rules: ChangeRules,
  { wish, steps }: { readonly wish: UpdateWish; readonly steps: readonly PlanStep[] },
): Promise<Refusal | undefined> {
  const denial = wish.selection.kind === 'names' ? undefined : await refuseSteps(host, rules, steps);
  return denial && forbidden(denial);
}

/** Nothing at all can be planned on a host whose installed packages do not fit together. */
async function refuseUnmetHost({ adapter }: PackageHost, signal: AbortSignal): Promise<void> {
  if (!adapter.database.complete) return;
  const unmet = await adapter.database.unmet(signal);
  if (unmet === undefined) return;
  const { solver, mend } = adapter.words;
  throw new PatchError(
    'DEPENDENCY_CONFLICT',
    `Nothing was changed: dependencies of what is installed are not met (${unmet}), and ${solver} changes nothing else until they are. ` +
      `Run "${mend}" on the host, or remove the package that is named first.`,
  );
}
