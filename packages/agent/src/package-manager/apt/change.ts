import { isPatchError, type JobResult, PatchError } from '@linux-patch/contract';
import type { CommandResult, OutputSource } from '@linux-patch/runtime';
import type { OperationOutcome, OperationRun } from '../package-operations.ts';
import type { AptContext } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import { waitForLock } from './lock.ts';
import { parseStatusLine } from './progress.ts';
import { providersOf } from './targets.ts';
import { compareDebianVersions } from './versions.ts';

const ENVIRONMENT = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_MODE: 'l',
};

/** A run of apt or dpkg for a job. */
interface ToolRun {
  readonly program: string;
  readonly args: readonly string[];
  /** Must not be cut in two: goes on when the agent ends, where the host allows it. */
  readonly lasting: boolean;
}

/** Runs apt or dpkg for a job: waits for the lock, streams output and progress. */
export async function runTool(context: AptContext, tool: ToolRun, run: OperationRun): Promise<void> {
  await waitForLock(context, {
    timeoutMs: run.timeoutMs,
    signal: run.signal,
    onWaiting: run.onWaitingForLock,
  });
  const { program, args } = tool;
  const { timeoutMs, signal } = run;
  const command = { program, args, env: ENVIRONMENT, timeoutMs, signal, onLine: lineReader(run) };
  const result =
    tool.lasting && run.work
      ? await run.work.run(command)
      : await context.commands.run({ ...command, statusPipe: true });
  refuseFailure(whatOf(tool), result, run);
}

function whatOf({ program, args }: ToolRun): string {
  return `${program} ${args.find((one) => /^[a-z]/.test(one)) ?? ''}`.trim();
}

/** Passes lines on, and turns apt's status lines into progress. */
function lineReader(run: OperationRun): (line: string, source: OutputSource) => void {
  let percent = 0;
  return (line, source) => {
    if (source !== 'fd3') return run.onLine(line, source);
    const step = parseStatusLine(line);
    if (!step) return;
    percent = Math.max(percent, step.percent);
    run.onProgress(percent, step.message);
  };
}

function refuseFailure(what: string, result: CommandResult, run: OperationRun): void {
  if (result.aborted) {
    const reason: unknown = run.signal.reason;
    throw isPatchError(reason)
      ? reason
      : new PatchError(
          'CANCELLED',
          'The job was stopped; interrupted packages are repaired before the next job.',
        );
  }
  if (result.exitCode !== 0) throw aptFailure(what, result);
}

/** What a job asks of one package. */
export interface Wish {
  /** Perhaps with `:architecture`. */
  readonly name: string;
  /** A version, any version, or none at all. */
  readonly want: { readonly version: string } | 'installed' | 'removed';
}

/** Whether `name` or `name:architecture` means this package. */
export function isNamed(one: Pick<InstalledPackage, 'name' | 'architecture'>, name: string): boolean {
  const [plain, architecture] = name.split(':');
  if (one.name !== plain) return false;
  return architecture === undefined || one.architecture === architecture || one.architecture === 'all';
}

function actionOf(before: string | null, after: string | null): JobResult['action'] {
  if (before === after) return 'unchanged';
  if (before === null) return 'installed';
  if (after === null) return 'removed';
  return compareDebianVersions(before, after) < 0 ? 'upgraded' : 'downgraded';
}

/** Names that are there for more than one architecture at once. */
function sharedNames(list: readonly InstalledPackage[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(list.flatMap(({ name }) => (seen.size === seen.add(name).size ? [name] : [])));
}

/** What really changed, by dpkg's own database; the packages that were asked for are always among them. */
export function compareInstalled(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
  asked: readonly string[],
): JobResult[] {
  const shared = sharedNames(before).union(sharedNames(after));
  const idOf = (one: InstalledPackage): string =>
    shared.has(one.name) ? `${one.name}:${one.architecture}` : one.name;
  const old = new Map(before.map((one) => [idOf(one), one]));
  const now = new Map(after.map((one) => [idOf(one), one]));
  const results: JobResult[] = [];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const version_before = old.get(name)?.version ?? null;
    const version_after = now.get(name)?.version ?? null;
    const action = actionOf(version_before, version_after);
    const one = now.get(name) ?? old.get(name);
    if (action !== 'unchanged' || (one && asked.some((each) => isNamed(one, each))))
      results.push({ name, action, version_before, version_after });
  }
  return results.sort((a, b) => (a.name < b.name ? -1 : 1));
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
