import { type ErrorCode, isPatchError } from '@linux-patch/contract';
import type { OperationRun } from '../package-interface/package-operations.ts';
import type { Tool } from './adapter.ts';
import { compareInstalled } from './compare.ts';
import type { PackageHost } from './doors.ts';
import { createLockPatience, type LockPatience, lookAlone } from './locks.ts';
import { runTool } from './runner.ts';

/** Troubles that would meet the job itself as well. */
const HOPELESS: readonly ErrorCode[] = [
  'CANCELLED',
  'INTERRUPTED',
  'TIMEOUT',
  'LOCKED',
  'DISK_FULL',
  'PERMISSION_DENIED',
];

/**
 * Finishes what was interrupted and installs what dependencies lack, without removing anything. A package whose script
 * fails again, or that lacks what nobody offers, must not keep jobs from removing it.
 * @param options.install whether anything may be installed for it; nothing is where the policy of the host judges what a
 *   change does, because nobody has judged this.
 * @returns whether something was to be mended and everything is.
 */
export async function repair(
  host: PackageHost,
  run: OperationRun,
  { install }: { readonly install: boolean } = { install: true },
): Promise<boolean> {
  const { database, words } = host.adapter;
  const interrupted = (await database.interrupted()) !== undefined || (await brokenNames(host)).length > 0;
  if (interrupted) {
    run.onLine(`${words.installer} was interrupted earlier; finishing its work first`, 'stdout');
    await attempt(host, await database.finish(), run);
  }
  const mayInstall = install && !(await host.policy.read()).looksAtSteps;
  const { complete } = database;
  const unmet = mayInstall && complete ? await unmetOf(host, run) : undefined;
  if (unmet !== undefined && complete) await mendDependencies(host, { unmet, complete }, run);
  const left = await brokenNames(host);
  if (left.length > 0)
    run.onLine(
      `Still not configured: ${left.join(', ')}. The job goes on; it may have to remove them.`,
      'stderr',
    );
  const mended = left.length === 0 && (unmet === undefined || !(await unmetOf(host, run)));
  return mended && (interrupted || unmet !== undefined);
}

/** What cannot be said now is no reason to keep a job from what it may still be able to do. */
async function unmetOf(host: PackageHost, run: OperationRun): Promise<string | undefined> {
  try {
    return await host.adapter.database.unmet(run.signal);
  } catch (error) {
    passOver(error, run);
    return undefined;
  }
}

async function mendDependencies(
  host: PackageHost,
  { unmet, complete }: { readonly unmet: string; readonly complete: Tool },
  run: OperationRun,
): Promise<void> {
  const { words } = host.adapter;
  run.onLine(`Dependencies are not met (${unmet}); installing what is missing first`, 'stdout');
  if (await attempt(host, complete, run)) return;
  run.onLine(
    `Dependencies stay unmet: ${unmet}. ${words.solver} changes nothing else until they are met: "${words.mend}" on the host ` +
      'shows what it would take, or remove the package that is named first.',
    'stderr',
  );
}

/** Runs something that may fail without ending the job, and tells what it changed; resolves to whether it did not fail. */
async function attempt(host: PackageHost, tool: Tool, run: OperationRun): Promise<boolean> {
  const patience = createLockPatience(host, run);
  try {
    while (!(await attemptOnce(host, tool, { run, patience })));
    return true;
  } catch (error) {
    passOver(error, run);
    return false;
  }
}

/** @returns false when somebody else got hold of the package database first, so that nothing was done */
async function attemptOnce(
  host: PackageHost,
  tool: Tool,
  { run, patience }: { readonly run: OperationRun; readonly patience: LockPatience },
): Promise<boolean> {
  const { reading, rules } = host.adapter;
  // What somebody else is changing now is not of this job.
  const before = await lookAlone(host, run, () => reading.installed());
  let isOurs = true;
  try {
    isOurs = await runTool(host, tool, { run, patience });
    return isOurs;
  } finally {
    if (isOurs) run.onChanged?.(compareInstalled(before, await reading.installed(), { wishes: [], rules }));
  }
}

/** @throws the error when it would meet the job itself as well. */
function passOver(error: unknown, run: OperationRun): void {
  if (!isPatchError(error) || HOPELESS.includes(error.code)) throw error;
  run.onLine(error.message, 'stderr');
}

async function brokenNames({ adapter }: PackageHost): Promise<string[]> {
  return (await adapter.reading.installed()).filter((one) => one.broken).map((one) => one.name);
}
