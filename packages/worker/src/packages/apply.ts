import { isPatchError, PatchError } from '@linux-patch/contract';
import { askedUpdates } from '../package-interface/asked.ts';
import { describeLeftOut, removalDetails, withLeftOut } from '../package-interface/left-out.ts';
import type { OperationOutcome, OperationRun, UpdateWish } from '../package-interface/package-operations.ts';
import type { PackageHost } from './doors.ts';
import { waitForLock } from './locks.ts';
import type { Installed } from './package-facts.ts';
import { requirePermitted } from './permit.ts';
import { chooseUpdates, planUpdates, type UpdatePlan } from './plan.ts';
import { requireApproved, requirePlan } from './plan-check.ts';
import type { PlanMemory } from './plan-memory.ts';
import { runChange, type WantedChange } from './runner.ts';
import type { PackageReader } from './snapshot.ts';
import { securityOf, type Wish } from './wishes.ts';

interface Applying {
  readonly reader: PackageReader;
  readonly memory: PlanMemory;
  readonly wish: UpdateWish;
}

/**
 * Brings pending updates in. What does not fit stays out and is named with the reason; the rest goes in.
 * @throws PatchError when an update that was named stays out, when one could not be downloaded, and when a script failed;
 *   what was done is done and told.
 */
export async function applyUpdates(
  host: PackageHost,
  { reader, memory, wish }: Applying,
  run: OperationRun,
): Promise<OperationOutcome> {
  // What is planned while somebody else changes packages is not what is done afterwards.
  await waitForLock(host, run);
  const choice = await chooseUpdates(host, reader, wish);
  const untrusted = new Set<string>();
  for (;;) {
    const plan = await planUpdates(host, { choice, wish, untrusted }, run);
    if (plan.change.updates.length === 0) {
      requirePlan(memory, [], wish);
      return nothingDone(plan, run);
    }
    const names = plan.change.updates.map((one) => one.id);
    const asked = askedUpdates(wish);
    const question = { change: plan.change, names, permission: wish, asked, signal: run.signal };
    const approve = async (installed: readonly Installed[]) => {
      const { looksAtSteps } = await host.policy.read();
      const { refusesItself } = host.adapter.changing;
      if (wish.planHash === undefined && !looksAtSteps && refusesItself)
        await requirePermitted(host, asked, []);
      else await requireApproved(host, memory, { ...question, installed });
    };
    try {
      return await install(host, { ...plan, approve }, run);
    } catch (error) {
      if (!learnUntrusted(error, untrusted)) throw error;
    }
  }
}

/** That no trusted source has a package may be told only by the change itself; @returns whether that is news. */
function learnUntrusted(error: unknown, untrusted: Set<string>): boolean {
  const names: unknown = isPatchError(error, 'GPG_ERROR') ? error.details['untrusted'] : undefined;
  if (!Array.isArray(names)) return false;
  const before = untrusted.size;
  for (const name of names) if (typeof name === 'string') untrusted.add(name);
  return untrusted.size > before;
}

async function install(
  host: PackageHost,
  { change, left, approve }: UpdatePlan & Pick<WantedChange, 'approve'>,
  run: OperationRun,
): Promise<OperationOutcome> {
  const wishes = change.updates.map(
    (one): Wish => ({ name: one.id, want: { version: one.newVersion }, security: securityOf(one) }),
  );
  const keepMarks = wishes.map(({ name }) => name);
  const tool = await host.adapter.changing.tool(change);
  return runChange(host, { tool, wishes, keepMarks, left, approve }, run);
}

/** Nothing fits, or nothing waits. @throws PatchError when something was named that stays out */
function nothingDone({ left }: UpdatePlan, run: OperationRun): OperationOutcome {
  const results = withLeftOut([], left);
  const asked = left.find((one) => one.asked);
  if (!asked) return { results, left, exitCode: null };
  run.onChanged?.(results);
  const details = removalDetails(left);
  const advice = details.removals ? ' Name what has to go, or allow it with allow_removals.' : '';
  throw new PatchError(asked.code, `Nothing was changed. ${describeLeftOut(left)}${advice}`, {
    details,
  });
}
