import { messageOf } from '@linux-patch/contract';
import type { OperationOutcome, OperationRun } from '../package-operations.ts';
import { type AptContext, READ_TIMEOUT_MS } from './apt-context.ts';
import { aptFailure } from './failure.ts';

/**
 * Does `work` and marks packages as automatically installed again that were so before: `apt-get install` takes every
 * package it upgrades by name for one that somebody asked for, and `autoremove` would never find it again.
 */
export async function keepingAutoMarks(
  context: AptContext,
  names: readonly string[],
  run: OperationRun,
  work: (marked: readonly string[]) => Promise<OperationOutcome>,
): Promise<OperationOutcome> {
  const marked = await autoMarked(context, names);
  return restoringAutoMarks(context, marked, run, () => work(marked));
}

/** Does `work`, then marks `marked` again. */
export async function restoringAutoMarks(
  context: AptContext,
  marked: readonly string[],
  run: OperationRun,
  work: () => Promise<OperationOutcome>,
): Promise<OperationOutcome> {
  try {
    return await work();
  } finally {
    await restoreAutoMarks(context, marked).catch((error: unknown) => {
      run.onLine(`Packages may now count as installed by hand: ${messageOf(error)}`, 'stderr');
    });
  }
}

async function restoreAutoMarks(context: AptContext, marked: readonly string[]): Promise<void> {
  const now = new Set(await autoMarked(context, marked));
  const lost = marked.filter((name) => !now.has(name));
  if (lost.length > 0) await aptMark(context, 'auto', lost);
}

async function autoMarked(context: AptContext, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  return (await aptMark(context, 'showauto', names)).split('\n').filter(Boolean);
}

async function aptMark(
  context: AptContext,
  command: 'auto' | 'showauto',
  names: readonly string[],
): Promise<string> {
  const args = [command, '--', ...names];
  const result = await context.commands.run({ program: 'apt-mark', args, timeoutMs: READ_TIMEOUT_MS });
  if (result.exitCode !== 0) throw aptFailure(`apt-mark ${command}`, result);
  return result.stdout;
}
