import { type ErrorCode, isPatchError } from '@linux-patch/contract';
import type { OperationRun } from '../package-operations.ts';
import { type AptContext, aptPath } from './apt-context.ts';
import { CHANGE_OPTIONS, CONFFILE_OPTIONS } from './change-options.ts';
import { readUnmet } from './database-faults.ts';
import { readInstalled } from './installed.ts';
import { runTool, type ToolRun } from './run-tool.ts';

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
 * @returns whether something was to be mended and everything is.
 */
export async function repair(context: AptContext, run: OperationRun): Promise<boolean> {
  const interrupted = await isInterrupted(context);
  if (interrupted) {
    run.onLine('dpkg was interrupted earlier; finishing its work first', 'stdout');
    const args = ['--configure', '-a', ...CONFFILE_OPTIONS];
    await attempt(context, { program: 'dpkg', args, lasting: true }, run);
  }
  const unmet = await unmetOf(context, run);
  if (unmet !== undefined) await mendDependencies(context, unmet, run);
  const left = await brokenNames(context);
  if (left.length > 0)
    run.onLine(
      `Still not configured: ${left.join(', ')}. The job goes on; it may have to remove them.`,
      'stderr',
    );
  const mended = left.length === 0 && (unmet === undefined || !(await unmetOf(context, run)));
  return mended && (interrupted || unmet !== undefined);
}

/** What apt cannot say now is no reason to keep a job from what it may still be able to do. */
async function unmetOf(context: AptContext, run: OperationRun): Promise<string | undefined> {
  try {
    return await readUnmet(context, run.signal);
  } catch (error) {
    if (!isPatchError(error) || HOPELESS.includes(error.code)) throw error;
    run.onLine(error.message, 'stderr');
    return undefined;
  }
}

async function mendDependencies(context: AptContext, unmet: string, run: OperationRun): Promise<void> {
  run.onLine(`Dependencies are not met (${unmet}); installing what is missing first`, 'stdout');
  const args = [...CHANGE_OPTIONS, '--no-remove', '--fix-broken', 'install'];
  const fault = await attempt(context, { program: 'apt-get', args, lasting: true }, run);
  if (fault === undefined) return;
  run.onLine(
    `Dependencies stay unmet: ${unmet}. apt changes nothing else until they are met: "apt-get --fix-broken install" on the host ` +
      'shows what it would take, or remove the package that is named first.',
    'stderr',
  );
}

/** Runs something that may fail without ending the job. */
async function attempt(context: AptContext, tool: ToolRun, run: OperationRun): Promise<string | undefined> {
  try {
    await runTool(context, tool, run);
    return undefined;
  } catch (error) {
    if (!isPatchError(error) || HOPELESS.includes(error.code)) throw error;
    run.onLine(error.message, 'stderr');
    return error.message;
  }
}

async function isInterrupted(context: AptContext): Promise<boolean> {
  const journal = await context.files.list(aptPath(context, 'var/lib/dpkg/updates'), { missingOk: true });
  return journal.length > 0 || (await brokenNames(context)).length > 0;
}

async function brokenNames(context: AptContext): Promise<string[]> {
  return (await readInstalled(context)).filter((one) => one.broken).map((one) => one.name);
}
