import { isPatchError, PatchError } from '@linux-patch/contract';
import type { OperationOutcome, OperationRun } from '../package-operations.ts';
import type { AptContext } from './apt-context.ts';
import { compareInstalled, isNamed } from './compare.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import { lineReader, refuseFailure, runTool, whatOf } from './run-tool.ts';
import { providersOf } from './targets.ts';

/** What a job asks of one package. */
export interface Wish {
  /** Perhaps with `:architecture`. */
  readonly name: string;
  /** A version, any version, or none at all. */
  readonly want: { readonly version: string } | 'installed' | 'removed';
}

/** Why a wish is not fulfilled; undefined when it is. */
async function shortfall(
  context: AptContext,
  { name, want }: Wish,
  after: readonly InstalledPackage[],
): Promise<string | undefined> {
  const found = after.filter((one) => isNamed(one, name));
  const versions = found.map((one) => one.version).join(', ');
  if (want === 'removed') return found.length > 0 ? `${name} ${versions} is still installed` : undefined;
  if (want === 'installed') {
    if (found.length > 0) return undefined;
    // The name of a virtual package stands for whatever provides it.
    const providers = await providersOf(context, name);
    return after.some((one) => providers.includes(one.name)) ? undefined : `${name} is not installed`;
  }
  if (found.some((one) => one.version === want.version)) return undefined;
  return `${name} is ${versions === '' ? 'not installed' : `at ${versions}`}, not at ${want.version}`;
}

/** A change of packages. */
interface Change {
  /** Arguments of apt-get. */
  readonly args: readonly string[];
  readonly wishes: readonly Wish[];
  /** Packages to mark as automatically installed again. */
  readonly autoMarked: readonly string[];
}

/**
 * Runs a change and finds out what it did; apt's word for success is not enough.
 * @throws PatchError `SCRIPT_FAILED` or `PKG_MANAGER_ERROR` when apt ends well and yet a wish is not fulfilled.
 */
export async function change(
  context: AptContext,
  { args, wishes, autoMarked }: Change,
  run: OperationRun,
): Promise<OperationOutcome> {
  const before = await readInstalled(context);
  const tool = { program: 'apt-get', args, lasting: true };
  await run.work?.begin({
    v: 1,
    what: whatOf(tool),
    startedAtMs: context.clock.now(),
    before: [...before],
    wishes: [...wishes],
    autoMarked: [...autoMarked],
  });
  return telling(context, { before, wishes }, run, () => runTool(context, tool, run));
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
  const follow = async (): Promise<void> => {
    const result = await work.follow({ timeoutMs, signal: run.signal, onLine: lineReader(run) });
    refuseFailure(plan.what, result, run);
  };
  return { outcome: telling(context, plan, run, follow), autoMarked: plan.autoMarked };
}

/** Does the work and tells what it changed, whether it ends well or not. */
async function telling(
  context: AptContext,
  { before, wishes }: { readonly before: readonly InstalledPackage[]; readonly wishes: readonly Wish[] },
  run: OperationRun,
  work: () => Promise<void>,
): Promise<OperationOutcome> {
  const names = wishes.map((wish) => wish.name);
  try {
    await work();
  } catch (error) {
    if (!isPatchError(error, 'INTERRUPTED')) {
      const results = compareInstalled(before, await readInstalled(context), names);
      run.onChanged?.(results.filter((one) => one.action !== 'unchanged'));
    }
    throw error;
  }
  const after = await readInstalled(context);
  await refuseShortfall(context, wishes, after);
  return { results: compareInstalled(before, after, names), exitCode: 0 };
}

async function refuseShortfall(
  context: AptContext,
  wishes: readonly Wish[],
  after: readonly InstalledPackage[],
): Promise<void> {
  const details = { exit_code: 0 };
  const broken = after.filter((one) => one.broken).map((one) => one.name);
  if (broken.length > 0) {
    throw new PatchError(
      'SCRIPT_FAILED',
      `apt-get reports success, but these packages are not configured: ${broken.join(', ')}.`,
      { details },
    );
  }
  const shortfalls = await Promise.all(wishes.map((wish) => shortfall(context, wish, after)));
  const missing = shortfalls.filter((one) => one !== undefined);
  if (missing.length > 0) {
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `apt-get reports success, but it did not do what was asked: ${missing.join('; ')}. The job's output has apt's reasons.`,
      { details },
    );
  }
}
