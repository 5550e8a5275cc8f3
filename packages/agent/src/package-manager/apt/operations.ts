import { type ErrorCode, isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import type { OperationOutcome, OperationRun, PackageOperations } from '../package-operations.ts';
import { type AptContext, aptPath, READ_TIMEOUT_MS } from './apt-context.ts';
import { adoptChange, change, type Wish } from './change.ts';
import { isNamed } from './compare.ts';
import { aptFailure } from './failure.ts';
import { readInstalled } from './installed.ts';
import type { AptReader } from './reader.ts';
import { readRebootState } from './reboot-state.ts';
import { refreshLists } from './refresh.ts';
import { runTool } from './run-tool.ts';
import { selectUpdates } from './selection.ts';
import { aptArgument, resolveTargets } from './targets.ts';

/** Non-interactive, edited configuration files stay, progress on descriptor 3. */
const CHANGE_OPTIONS = [
  '-y',
  '-q',
  '-o',
  'APT::Status-Fd=3',
  '-o',
  'DPkg::Lock::Timeout=60',
  // With a terminal of its own a script that asks on /dev/tty would wait for an answer for ever.
  '-o',
  'Dpkg::Use-Pty=0',
  '-o',
  'Dpkg::Options::=--force-confdef',
  '-o',
  'Dpkg::Options::=--force-confold',
];
/**
 * apt's permission and dpkg's: where `DPKG_FORCE` is set it replaces dpkg's own defaults, of which this is one, and dpkg
 * then skips the package and still ends well (dpkg(1)).
 */
const ALLOW_DOWNGRADE = ['--allow-downgrades', '-o', 'Dpkg::Options::=--force-downgrade'];

/** The changing half of the apt adapter. */
export function createAptOperations(context: AptContext, reader: AptReader): PackageOperations {
  return {
    refresh: (run) => refreshLists(context, run),
    async adopt(run) {
      const adopted = await adoptChange(context, run);
      return adopted && restoringAutoMarks(context, adopted.autoMarked, run, () => adopted.outcome);
    },
    repair: (run) => repair(context, run),
    async install(wish, run) {
      const names = wish.packages.map((one) => one.name);
      if (wish.onlyUpgrade) await requireInstalled(context, names);
      const targets = await resolveTargets(context, wish.packages);
      const options = [
        ...(wish.onlyUpgrade ? ['--only-upgrade'] : []),
        ...(wish.noRecommends ? ['--no-install-recommends'] : []),
        ...(wish.allowDowngrade ? ALLOW_DOWNGRADE : []),
        ...(wish.force ? ['--allow-change-held-packages', '--reinstall'] : []),
      ];
      const wishes = wish.packages.map(({ name, version }): Wish => {
        return { name, want: version === undefined ? 'installed' : { version } };
      });
      const args = [...CHANGE_OPTIONS, ...options, 'install', '--', ...targets];
      if (!wish.onlyUpgrade) return change(context, { args, wishes, autoMarked: [] }, run);
      return keepingAutoMarks(context, names, run, (autoMarked) =>
        change(context, { args, wishes, autoMarked }, run),
      );
    },
    async remove(wish, run) {
      const target = aptArgument(wish);
      await requireInstalled(context, [wish.name]);
      const held = wish.force ? ['--allow-change-held-packages'] : [];
      const args = [...CHANGE_OPTIONS, ...held, wish.purge ? 'purge' : 'remove', '--', target];
      return change(context, { args, wishes: [{ name: wish.name, want: 'removed' }], autoMarked: [] }, run);
    },
    async applyPatches(wish, run) {
      const { chosen, excluded } = selectUpdates((await reader.snapshot({ offered: true })).updates, wish);
      if (chosen.length === 0) return { results: [], exitCode: null };
      const targets = [
        ...chosen.map((one) => aptArgument({ name: one.aptName, version: one.newVersion })),
        // Named with the version they have, so that nothing can pull them along.
        ...excluded.map((one) => aptArgument({ name: one.aptName, version: one.currentVersion })),
      ];
      const phased = chosen.some((one) => one.phased)
        ? ['-o', 'APT::Get::Always-Include-Phased-Updates=true']
        : [];
      const wishes = chosen.map((one): Wish => ({ name: one.aptName, want: { version: one.newVersion } }));
      const options = [...phased, '--only-upgrade', '--no-remove'];
      return keepingAutoMarks(
        context,
        chosen.map((one) => one.aptName),
        run,
        (autoMarked) => {
          const args = [...CHANGE_OPTIONS, ...options, 'install', '--', ...targets];
          return change(context, { args, wishes, autoMarked }, run);
        },
      );
    },
    rebootRequired: () => readRebootState(context),
  };
}

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
 * Finishes what was interrupted. A package whose script fails again, or that lacks what it needs, must not keep jobs from
 * removing it.
 */
async function repair(context: AptContext, run: OperationRun): Promise<boolean> {
  const journal = await context.files.list(aptPath(context, 'var/lib/dpkg/updates'), { missingOk: true });
  if (journal.length === 0 && (await brokenNames(context)).length === 0) return false;
  run.onLine('dpkg was interrupted earlier; finishing its work first', 'stdout');
  try {
    const args = ['--configure', '-a', '--force-confdef', '--force-confold'];
    await runTool(context, { program: 'dpkg', args, lasting: true }, run);
  } catch (error) {
    if (!isPatchError(error) || HOPELESS.includes(error.code)) throw error;
    run.onLine(error.message, 'stderr');
  }
  const left = await brokenNames(context);
  if (left.length === 0) return true;
  run.onLine(
    `Still not configured: ${left.join(', ')}. The job goes on; it may have to remove them.`,
    'stderr',
  );
  return false;
}

async function brokenNames(context: AptContext): Promise<string[]> {
  return (await readInstalled(context)).filter((one) => one.broken).map((one) => one.name);
}

/**
 * Does `work` and marks packages as automatically installed again that were so before: `apt-get install` takes every
 * package it upgrades by name for one that somebody asked for, and `autoremove` would never find it again.
 */
async function keepingAutoMarks(
  context: AptContext,
  names: readonly string[],
  run: OperationRun,
  work: (marked: readonly string[]) => Promise<OperationOutcome>,
): Promise<OperationOutcome> {
  const marked = await autoMarked(context, names);
  return restoringAutoMarks(context, marked, run, () => work(marked));
}

async function restoringAutoMarks(
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

async function requireInstalled(context: AptContext, names: readonly string[]): Promise<void> {
  const installed = await readInstalled(context);
  const missing = names.filter((name) => !installed.some((one) => isNamed(one, name)));
  if (missing.length === 0) return;
  throw new PatchError(
    'PKG_NOT_FOUND',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed on this host.`,
  );
}
