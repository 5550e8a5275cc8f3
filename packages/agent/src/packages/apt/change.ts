import type { ChangePlan } from '../detached/plan.ts';
import type { LeftOut } from '../left-out.ts';
import type { OperationOutcome, OperationRun } from '../package-operations.ts';
import type { AptContext } from './apt-context.ts';
import { readInstalled } from './installed.ts';
import { judgeChange } from './judge.ts';
import { waitForLock } from './lock.ts';
import { lineReader, runToEnd, whatOf } from './run-tool.ts';
import type { Wish } from './wishes.ts';

/** A change of packages. */
interface Change {
  /** Arguments of apt-get. */
  readonly args: readonly string[];
  readonly wishes: readonly Wish[];
  /** Packages to mark as automatically installed again. */
  readonly autoMarked: readonly string[];
  /** Wanted updates that stay out of this change. */
  readonly left?: readonly LeftOut[];
}

/**
 * Runs a change and finds out what it did.
 * @throws PatchError, see `judgeChange`.
 */
export async function change(
  context: AptContext,
  { args, wishes, autoMarked, left = [] }: Change,
  run: OperationRun,
): Promise<OperationOutcome> {
  // What somebody else is changing now is not of this job.
  await waitForLock(context, { ...run, onWaiting: run.onWaitingForLock });
  const tool = { program: 'apt-get', args, lasting: true };
  const plan: ChangePlan = {
    v: 1,
    what: whatOf(tool),
    startedAtMs: context.clock.now(),
    before: [...(await readInstalled(context))],
    wishes: [...wishes],
    autoMarked: [...autoMarked],
    left: [...left],
  };
  await run.work?.begin(plan);
  return judgeChange(context, plan, await runToEnd(context, tool, run), run);
}

/** Follows the change that an earlier agent began for this job; undefined when it had begun none. */
export async function adoptChange(
  context: AptContext,
  run: OperationRun,
): Promise<
  { readonly outcome: Promise<OperationOutcome>; readonly autoMarked: readonly string[] } | undefined
> {
  const plan = await run.work?.plan();
  if (!run.work || !plan) return undefined;
  const { work } = run;
  const timeoutMs = Math.max(1, plan.startedAtMs + run.timeoutMs - context.clock.now());
  const follow = async (): Promise<OperationOutcome> => {
    const result = await work.follow({ timeoutMs, signal: run.signal, onLine: lineReader(run) });
    return judgeChange(context, plan, result, run);
  };
  return { outcome: follow(), autoMarked: plan.autoMarked };
}
