import { isPatchError, PatchError } from '@linux-patch/contract';
import type { CommandResult, OutputSource } from '@linux-patch/runtime';
import type { OperationRun } from '../package-operations.ts';
import type { AptContext } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { waitForLock } from './lock.ts';
import { parseStatusLine } from './progress.ts';

/**
 * What scripts of packages find in their environment beside PATH, HOME and LC_ALL. Questions are answered with their
 * defaults and stay unanswered in debconf's eyes, so that a person is asked them later (debconf(7), "Noninteractive").
 */
export const SCRIPT_ENVIRONMENT: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_MODE: 'l',
};

/** A run of apt or dpkg for a job. */
export interface ToolRun {
  readonly program: string;
  readonly args: readonly string[];
  /** Must not be cut in two: goes on when the agent ends, where the host allows it. */
  readonly lasting: boolean;
}

/** Runs apt or dpkg for a job, however it ends: waits for the lock, streams output and progress. */
export async function runToEnd(
  context: AptContext,
  tool: ToolRun,
  run: OperationRun,
): Promise<CommandResult> {
  await waitForLock(context, {
    timeoutMs: run.timeoutMs,
    signal: run.signal,
    onWaiting: run.onWaitingForLock,
  });
  const { program, args } = tool;
  const { timeoutMs, signal } = run;
  const command = { program, args, env: SCRIPT_ENVIRONMENT, timeoutMs, signal, onLine: lineReader(run) };
  if (tool.lasting && run.work) return run.work.run(command);
  return context.commands.run({ ...command, statusPipe: true });
}

/** The same, for what must succeed. @throws PatchError when the run was stopped or failed */
export async function runTool(context: AptContext, tool: ToolRun, run: OperationRun): Promise<void> {
  const result = await runToEnd(context, tool, run);
  refuseStopped(result, run);
  if (result.exitCode !== 0) throw aptFailure(whatOf(tool), result);
}

/** For messages: the program and what it is asked to do. */
export function whatOf({ program, args }: Pick<ToolRun, 'program' | 'args'>): string {
  return `${program} ${args.find((one) => /^(?:[a-z]+|--configure)$/.test(one)) ?? ''}`.trim();
}

/** Passes lines on, and turns apt's status lines into progress. */
export function lineReader(run: OperationRun): (line: string, source: OutputSource) => void {
  let percent = 0;
  return (line, source) => {
    if (source !== 'fd3') return run.onLine(line, source);
    const step = parseStatusLine(line);
    if (!step) return;
    percent = Math.max(percent, step.percent);
    run.onProgress(percent, step.message);
  };
}

/** @throws the reason for which the run was stopped, when it was. */
export function refuseStopped(result: CommandResult, run: Pick<OperationRun, 'signal'>): void {
  if (!result.aborted) return;
  const reason: unknown = run.signal.reason;
  if (isPatchError(reason)) throw reason;
  throw new PatchError(
    'CANCELLED',
    'The job was stopped; interrupted packages are repaired before the next job.',
  );
}
