import { isPatchError, type JobResult, PatchError } from '@linux-patch/contract';
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

/** Runs apt or dpkg for a job: waits for the lock, streams output and progress. */
export async function runTool(
  context: AptContext,
  program: string,
  args: readonly string[],
  run: OperationRun,
): Promise<void> {
  await waitForLock(context, {
    timeoutMs: run.timeoutMs,
    signal: run.signal,
    onWaiting: run.onWaitingForLock,
  });
  let percent = 0;
  const result = await context.commands.run({
    program,
    args,
    env: ENVIRONMENT,
    timeoutMs: run.timeoutMs,
    signal: run.signal,
    statusPipe: true,
    onLine: (line, source) => {
      if (source !== 'fd3') return run.onLine(line, source);
      const step = parseStatusLine(line);
      if (!step) return;
      percent = Math.max(percent, step.percent);
      run.onProgress(percent, step.message);
    },
  });
  if (result.aborted) {
    const reason: unknown = run.signal.reason;
    throw isPatchError(reason)
      ? reason
      : new PatchError(
          'CANCELLED',
          'The job was stopped; interrupted packages are repaired before the next job.',
        );
  }
  if (result.exitCode !== 0)
    throw aptFailure(`${program} ${args.find((one) => /^[a-z]/.test(one)) ?? ''}`.trim(), result);
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

/**
 * Runs a change and finds out what it did; apt's word for success is not enough.
 * @throws PatchError `SCRIPT_FAILED` or `PKG_MANAGER_ERROR` when apt ends well and yet a wish is not fulfilled.
 */
export async function change(
  context: AptContext,
  args: readonly string[],
  wishes: readonly Wish[],
  run: OperationRun,
): Promise<OperationOutcome> {
  const before = await readInstalled(context);
  await runTool(context, 'apt-get', args, run);
  const after = await readInstalled(context);
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
  const names = wishes.map((wish) => wish.name);
  return { results: compareInstalled(before, after, names), exitCode: 0 };
}
