import type { JobResult } from '@linux-patch/contract';
import type { CommandResult, OutputSource } from '@linux-patch/runtime';
import type { ChangePlan } from '../package-interface/change-plan.ts';
import type { LeftOut } from '../package-interface/left-out.ts';
import type { OperationOutcome, OperationRun, PackageWork } from '../package-interface/package-operations.ts';
import type { PackageAdapter, Tool } from './adapter.ts';
import { automaticAmong, restoreAutomatic } from './automatic-marks.ts';
import { compareInstalled, withFailures } from './compare.ts';
import type { PackageHost } from './doors.ts';
import { judgeChange } from './judge.ts';
import { createLockPatience, type LockPatience, lookAlone } from './locks.ts';
import type { Installed } from './package-facts.ts';
import { refuseStopped, toolFailure } from './tool-failure.ts';
import type { Wish } from './wishes.ts';

/** A change to run, and what it is to bring about. */
export interface WantedChange {
  readonly tool: Tool;
  readonly wishes: readonly Wish[];
  /** Packages that naming them must not make wanted ones; those that are not of that kind are left alone. */
  readonly keepMarks?: readonly string[];
  /** Wanted updates that stay out of this change. */
  readonly left?: readonly LeftOut[];
  /**
   * Looks at the last moment whether this may be done; rejects when not.
   * @param installed what there is now, while nobody else changes it.
   */
  readonly approve?: ((installed: readonly Installed[]) => Promise<void>) | undefined;
}

/**
 * Runs a change and finds out what it did.
 * @throws PatchError, see `judgeChange`.
 */
export async function runChange(
  host: PackageHost,
  wanted: WantedChange,
  run: OperationRun,
): Promise<OperationOutcome> {
  const patience = createLockPatience(host, run);
  for (;;) {
    // What somebody else changes meanwhile is not of this job, nor what was approved.
    const plan = await lookAlone(
      host,
      run,
      () => beginChange(host, wanted, run),
      async () => run.work?.withdraw(),
    );
    const result = runToEnd(host, wanted.tool, run);
    if (!(await endedLockedOut(host, result)) || !(await patience()))
      return finishChange(host, plan, { result, run });
    await run.work?.withdraw();
  }
}

async function endedLockedOut({ adapter }: PackageHost, result: Promise<CommandResult>): Promise<boolean> {
  return result.then(
    (ended) => isLockedOut(adapter, ended),
    () => false,
  );
}

/**
 * Whether a program found the lock of the package database taken, which is the first thing that it looks for: it then did
 * nothing, and said nothing else. What scripts of packages print about locks comes after words of the program.
 */
function isLockedOut({ output }: PackageAdapter, result: CommandResult): boolean {
  if (result.exitCode === 0 || result.aborted || result.timedOut) return false;
  return output.lockedOut(result);
}

async function beginChange(
  host: PackageHost,
  { tool, wishes, keepMarks = [], left = [], approve }: WantedChange,
  run: OperationRun,
): Promise<ChangePlan> {
  const before = await host.adapter.reading.installed();
  await approve?.(before);
  const plan: ChangePlan = {
    v: 1,
    what: tool.what,
    startedAtMs: host.clock.now(),
    before: [...before],
    wishes: [...wishes],
    autoMarked: [...(await automaticAmong(host.adapter, keepMarks))],
    left: [...left],
  };
  await run.work?.begin(plan);
  return plan;
}

/** Follows the change that an earlier agent began for this job; undefined when it had begun none, or did nothing. */
export async function adoptChange(
  host: PackageHost,
  run: OperationRun,
): Promise<OperationOutcome | undefined> {
  const plan = await run.work?.plan();
  if (!run.work || !plan) return undefined;
  const { signal } = run;
  const timeoutMs = Math.max(1, plan.startedAtMs + run.timeoutMs - host.clock.now());
  const result = run.work.follow({ timeoutMs, signal, onLine: lineReader(host.adapter, run) });
  if (await endedLockedOut(host, result)) {
    await run.work.withdraw();
    return undefined;
  }
  return finishChange(host, plan, { result, run });
}

/**
 * What is different from what was there when a change began that nobody can follow any more; undefined when none had
 * begun.
 */
export async function changedSince(
  { adapter: { reading, rules } }: PackageHost,
  work: Pick<PackageWork, 'plan'>,
): Promise<readonly JobResult[] | undefined> {
  const plan = await work.plan();
  if (!plan) return undefined;
  const after = await reading.installed();
  const broken = after.filter((one) => one.broken);
  const compared = compareInstalled(plan.before, after, { wishes: plan.wishes, rules });
  return withFailures(compared, broken, { rules, code: 'INTERRUPTED' });
}

async function finishChange(
  host: PackageHost,
  plan: ChangePlan,
  { result, run }: { readonly result: Promise<CommandResult>; readonly run: OperationRun },
): Promise<OperationOutcome> {
  try {
    return await judgeChange(host.adapter, plan, { result: await result, run });
  } finally {
    await restoreAutomatic(host.adapter, plan.autoMarked, run);
  }
}

/**
 * Runs a program that must succeed, while nobody else holds the lock.
 * @returns false when somebody else got hold of the lock first: nothing was done, and whoever asks looks again
 * @throws PatchError when the run was stopped or failed
 */
export async function runTool(
  host: PackageHost,
  tool: Tool,
  { run, patience }: { readonly run: OperationRun; readonly patience: LockPatience },
): Promise<boolean> {
  const result = await runToEnd(host, tool, run);
  refuseStopped(result, run);
  if (result.exitCode === 0) return true;
  if (isLockedOut(host.adapter, result) && (await patience())) return false;
  throw toolFailure(tool.what, result, host.adapter.output.failure(result));
}

/**
 * Runs a program that must not be cut in two, however it ends: streams output and progress, and goes on when the agent
 * ends, where the host allows it.
 */
async function runToEnd(host: PackageHost, tool: Tool, run: OperationRun): Promise<CommandResult> {
  const { program, args, env } = tool;
  const { timeoutMs, signal } = run;
  const command = { program, args, env, timeoutMs, signal, onLine: lineReader(host.adapter, run) };
  return run.work ? run.work.run(command) : host.commands.run({ ...command, statusPipe: true });
}

/** Passes lines on, and turns what tells progress into it. */
export function lineReader(
  { output }: Pick<PackageAdapter, 'output'>,
  run: Pick<OperationRun, 'onLine' | 'onProgress'>,
): (line: string, source: OutputSource) => void {
  let percent = 0;
  return (line, source) => {
    if (source !== 'fd3') run.onLine(line, source);
    const step = output.progress(line, source);
    if (!step) return;
    percent = Math.max(percent, step.percent);
    run.onProgress(percent, step.message);
  };
}
