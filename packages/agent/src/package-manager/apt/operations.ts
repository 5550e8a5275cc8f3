import { isPatchError, type JobResult, PackageName, PackageVersion, PatchError } from '@linux-patch/contract';
import type { OperationOutcome, OperationRun, PackageOperations } from '../package-operations.ts';
import { type AptContext, aptPath } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import type { AptReader, PendingUpdate } from './inventory.ts';
import { waitForLock } from './lock.ts';
import { parseStatusLine } from './progress.ts';
import { readRebootState } from './reboot-state.ts';
import { compareDebianVersions } from './versions.ts';

/** Non-interactive, edited configuration files stay, progress on descriptor 3. */
const CHANGE_OPTIONS = [
  '-y',
  '-q',
  '-o',
  'APT::Status-Fd=3',
  '-o',
  'DPkg::Lock::Timeout=60',
  '-o',
  'Dpkg::Options::=--force-confdef',
  '-o',
  'Dpkg::Options::=--force-confold',
];
const ENVIRONMENT = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_MODE: 'l',
};

/** Runs apt or dpkg for a job: waits for the lock, streams output and progress. */
async function runTool(
  context: AptContext,
  program: string,
  args: readonly string[],
  run: OperationRun,
): Promise<number> {
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
  return 0;
}

function actionOf(before: string | null, after: string | null): JobResult['action'] {
  if (before === after) return 'unchanged';
  if (before === null) return 'installed';
  if (after === null) return 'removed';
  return compareDebianVersions(before, after) < 0 ? 'upgraded' : 'downgraded';
}

/** What really changed, by dpkg's own database; the packages that were asked for are always among them. */
function compare(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
  asked: readonly string[],
): JobResult[] {
  const [old, now] = [before, after].map((list) => new Map(list.map((one) => [one.name, one.version])));
  const names = new Set([
    ...asked.map((name) => name.split(':')[0] ?? name),
    ...(old?.keys() ?? []),
    ...(now?.keys() ?? []),
  ]);
  return [...names]
    .map((name) => ({ name, version_before: old?.get(name) ?? null, version_after: now?.get(name) ?? null }))
    .map((one) => ({ ...one, action: actionOf(one.version_before, one.version_after) }))
    .filter((one) => one.action !== 'unchanged' || asked.includes(one.name))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Runs a change and finds out what it did; apt's word for success is not enough. */
async function change(
  context: AptContext,
  args: readonly string[],
  asked: readonly string[],
  run: OperationRun,
): Promise<OperationOutcome> {
  const before = await readInstalled(context);
  const exitCode = await runTool(context, 'apt-get', args, run);
  const after = await readInstalled(context);
  const broken = after.filter((one) => one.broken).map((one) => one.name);
  if (broken.length > 0) {
    throw new PatchError(
      'SCRIPT_FAILED',
      `apt-get reports success, but these packages are not configured: ${broken.join(', ')}.`,
      {
        details: { exit_code: exitCode },
      },
    );
  }
  return { results: compare(before, after, asked), exitCode };
}

/** Names are checked once more where they become arguments of a program that runs as root. */
function checkedTarget(name: string, version?: string): string {
  const fine =
    PackageName.safeParse(name).success &&
    (version === undefined || PackageVersion.safeParse(version).success);
  if (!fine)
    throw new PatchError(
      'PKG_NOT_FOUND',
      `"${name}${version === undefined ? '' : `=${version}`}" is not a package name and version.`,
    );
  return version === undefined ? name : `${name}=${version}`;
}

/** Whether a name fits a pattern with `*` and `?`. */
export function matchesGlob(pattern: string, name: string): boolean {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`).test(name);
}

type Selection = Parameters<PackageOperations['applyPatches']>[0]['selection'];

/** The updates to bring in; held and excluded ones stay, and so do phased ones that nobody named. */
function select(
  updates: readonly PendingUpdate[],
  selection: Selection,
  exclude: readonly string[],
): PendingUpdate[] {
  const free = updates.filter(
    (one) => !one.held && !exclude.some((pattern) => matchesGlob(pattern, one.name)),
  );
  switch (selection.kind) {
    case 'all':
      return free.filter((one) => !one.phased);
    case 'security':
      return free.filter((one) => one.security && !one.phased);
    case 'names':
      return free.filter(
        (one) => selection.names.includes(one.name) && (!selection.securityOnly || one.security),
      );
  }
}

/** The changing half of the apt adapter. */
export function createAptOperations(context: AptContext, reader: AptReader): PackageOperations {
  return {
    async refresh(run) {
      await runTool(
        context,
        'apt-get',
        ['update', '-q', '-o', 'APT::Update::Error-Mode=any', '-o', 'APT::Status-Fd=3'],
        run,
      );
    },
    async repair(run) {
      const journal = await context.files.list(aptPath(context, 'var/lib/dpkg/updates'), { missingOk: true });
      const broken = (await readInstalled(context)).some((one) => one.broken);
      if (journal.length === 0 && !broken) return false;
      run.onLine('dpkg was interrupted earlier; finishing its work first', 'stdout');
      await runTool(context, 'dpkg', ['--configure', '-a', '--force-confdef', '--force-confold'], run);
      return true;
    },
    async install(wish, run) {
      const targets = wish.packages.map((one) => checkedTarget(one.name, one.version));
      const options = [
        ...(wish.onlyUpgrade ? ['--only-upgrade'] : []),
        ...(wish.noRecommends ? ['--no-install-recommends'] : []),
        ...(wish.allowDowngrade ? ['--allow-downgrades'] : []),
        ...(wish.force ? ['--allow-change-held-packages', '--reinstall'] : []),
      ];
      const names = wish.packages.map((one) => one.name);
      if (wish.onlyUpgrade) await requireInstalled(context, names);
      return change(context, [...CHANGE_OPTIONS, ...options, 'install', '--', ...targets], names, run);
    },
    async remove(wish, run) {
      await requireInstalled(context, [wish.name]);
      const held = wish.force ? ['--allow-change-held-packages'] : [];
      return change(
        context,
        [...CHANGE_OPTIONS, ...held, wish.purge ? 'purge' : 'remove', '--', checkedTarget(wish.name)],
        [wish.name],
        run,
      );
    },
    async applyPatches(wish, run) {
      const { updates } = await reader.snapshot();
      const chosen = select(updates, wish.selection, wish.exclude);
      if (chosen.length === 0) return { results: [], exitCode: null };
      const targets = chosen.map((one) => checkedTarget(one.name, one.newVersion));
      const phased = chosen.some((one) => one.phased)
        ? ['-o', 'APT::Get::Always-Include-Phased-Updates=true']
        : [];
      const names = chosen.map((one) => one.name);
      return change(
        context,
        [...CHANGE_OPTIONS, ...phased, '--only-upgrade', 'install', '--', ...targets],
        names,
        run,
      );
    },
    rebootRequired: () => readRebootState(context),
  };
}

async function requireInstalled(context: AptContext, names: readonly string[]): Promise<void> {
  const installed = new Set((await readInstalled(context)).map((one) => one.name));
  const missing = names.filter((name) => !installed.has(name.split(':')[0] ?? name));
  if (missing.length === 0) return;
  throw new PatchError(
    'PKG_NOT_FOUND',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed on this host.`,
  );
}
