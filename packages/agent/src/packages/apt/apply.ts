import { isPatchError, PatchError } from '@linux-patch/contract';
import { describeLeftOut, type LeftOut, sortLeftOut, withLeftOut } from '../left-out.ts';
import type { OperationOutcome, OperationRun, PackageOperations } from '../package-operations.ts';
import { admit } from './admit.ts';
import type { AptContext } from './apt-context.ts';
import { keepingAutoMarks } from './auto-marks.ts';
import { change } from './change.ts';
import { CHANGE_OPTIONS } from './change-options.ts';
import { readUnmet } from './database-faults.ts';
import type { PendingUpdate } from './pending.ts';
import type { AptReader } from './reader.ts';
import { askForRefusal, type Refusal } from './refusal.ts';
import { type Choice, leftOut, selectUpdates } from './selection.ts';
import { aptArgument } from './targets.ts';

type ApplyWish = Parameters<PackageOperations['applyPatches']>[0];

const UNDECIDED: Refusal = {
  code: 'DEPENDENCY_CONFLICT',
  reason: 'apt refused it together with others, and too many were refused to ask for each',
};

/** What is installed, and what stays out and why. */
interface Plan {
  readonly admitted: readonly PendingUpdate[];
  readonly left: readonly LeftOut[];
}

/**
 * Brings pending updates in. What apt refuses stays out and is named with apt's reason; the rest goes in.
 * @throws PatchError when an update that was named stays out, when one could not be downloaded, and when a script failed;
 *   what was done is done and told.
 */
export async function applyUpdates(
  context: AptContext,
  reader: AptReader,
  wish: ApplyWish,
  run: OperationRun,
): Promise<OperationOutcome> {
  const { installed, pending, updates } = await reader.snapshot({ offered: true });
  const choice = selectUpdates({ installed, updates, hiddenSecurity: pending.hiddenSecurity }, wish);
  const untrusted = new Set<string>();
  for (;;) {
    const plan = await planUpdates(context, choice, { wish, untrusted, run });
    if (plan.admitted.length === 0) return nothingDone(plan, run);
    try {
      return await install(context, choice, plan, run);
    } catch (error) {
      if (!learnUntrusted(error, untrusted)) throw error;
    }
  }
}

/** apt says only when it is about to download that it trusts no source of a package; @returns whether that is news. */
function learnUntrusted(error: unknown, untrusted: Set<string>): boolean {
  const names: unknown = isPatchError(error, 'GPG_ERROR') ? error.details['untrusted'] : undefined;
  if (!Array.isArray(names)) return false;
  const before = untrusted.size;
  for (const name of names) if (typeof name === 'string') untrusted.add(name);
  return untrusted.size > before;
}

async function planUpdates(
  context: AptContext,
  choice: Choice,
  {
    wish,
    untrusted,
    run,
  }: { readonly wish: ApplyWish; readonly untrusted: ReadonlySet<string>; readonly run: OperationRun },
): Promise<Plan> {
  const { signal } = run;
  let sane = false;
  if (choice.chosen.length > 0) run.onProgress(0, 'Asking apt whether everything fits together');
  const { admitted, refused } = await admit<PendingUpdate, Refusal>({
    likely: choice.chosen,
    doubtful: choice.doubtful,
    undecided: UNDECIDED,
    refusal: async (updates) => {
      const refusal = await askForRefusal(context, {
        args: argumentsFor(updates, choice),
        untrusted,
        signal,
      });
      if (refusal && !sane) await refuseUnmetHost(context, signal);
      if (refusal) run.onProgress(0, 'apt refuses a part; finding out which and why');
      sane = true;
      return refusal;
    },
  });
  const left = refused.map(({ item, reason }) => leftOut(item, wish, reason));
  return { admitted, left: sortLeftOut([...choice.left, ...left]) };
}

/** apt plans nothing at all on a host whose installed packages do not fit together. */
async function refuseUnmetHost(context: AptContext, signal: AbortSignal): Promise<void> {
  const unmet = await readUnmet(context, signal);
  if (unmet === undefined) return;
  throw new PatchError(
    'DEPENDENCY_CONFLICT',
    `Nothing was changed: dependencies of what is installed are not met (${unmet}), and apt changes nothing else until they are. ` +
      'Run "apt-get --fix-broken install" on the host, or remove the package that is named first.',
  );
}

/** Command and targets of apt-get for these updates. */
function argumentsFor(updates: readonly PendingUpdate[], { excluded }: Choice): string[] {
  const phased = updates.some((one) => one.phased)
    ? ['-o', 'APT::Get::Always-Include-Phased-Updates=true']
    : [];
  const targets = [
    ...updates.map((one) => aptArgument({ name: one.aptName, version: one.newVersion })),
    // Named with the version they have, so that nothing can pull them along.
    ...excluded.map((one) => aptArgument({ name: one.aptName, version: one.currentVersion })),
  ];
  return [...phased, '--only-upgrade', '--no-remove', '--fix-missing', 'install', '--', ...targets];
}

function install(
  context: AptContext,
  choice: Choice,
  { admitted, left }: Plan,
  run: OperationRun,
): Promise<OperationOutcome> {
  const names = admitted.map((one) => one.aptName);
  const wishes = admitted.map(({ aptName: name, newVersion: version, security }) => ({
    name,
    want: { version },
    security,
  }));
  const args = [...CHANGE_OPTIONS, ...argumentsFor(admitted, choice)];
  return keepingAutoMarks(context, names, run, (autoMarked) =>
    change(context, { args, wishes, autoMarked, left }, run),
  );
}

/** Nothing fits, or nothing waits. @throws PatchError when something was named that stays out */
function nothingDone({ left }: Plan, run: OperationRun): OperationOutcome {
  const results = withLeftOut([], left);
  const asked = left.find((one) => one.asked);
  if (!asked) return { results, left, exitCode: null };
  run.onChanged?.(results);
  throw new PatchError(asked.code, `Nothing was changed. ${describeLeftOut(left)}`);
}
