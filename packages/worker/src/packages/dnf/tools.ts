import { PackageName, PackageVersion, PatchError } from '@linux-patch/contract';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageChange, Tool } from '../adapter.ts';
import { oneAfterTheOther } from '../one-after-the-other.ts';
import { rpmEnvironment } from '../rpm/database.ts';
import { dottedName, splitName } from '../rpm/names.ts';
import { DNF } from './helper.ts';
import { rootArguments } from './private-root.ts';

/**
 * Nobody is asked, nothing waits for a lock, and what the plan stood on is what the change stands on: the lists are not
 * refreshed on the way. What was a dependency stays when nothing needs it any more, because nobody named it.
 */
const CHANGE_OPTIONS: readonly string[] = [
  '-y',
  '--color=never',
  '--setopt=assumeno=0',
  '--setopt=best=1',
  '--setopt=exit_on_lock=1',
  '--setopt=clean_requirements_on_remove=0',
  '--setopt=metadata_expire=-1',
  '--setopt=*.metadata_expire=-1',
];

/** A question to the helper, or a command of dnf, about one change. */
export interface DnfChange {
  readonly command: 'install' | 'upgrade' | 'remove';
  readonly specs: readonly string[];
  /** What goes besides. */
  readonly remove: readonly string[];
  /** Names that must not change. */
  readonly exclude: readonly string[];
  /** What holds a package does not count. */
  readonly force: boolean;
  /** Packages may go for it. */
  readonly erase: boolean;
  /** What is only recommended comes as well. */
  readonly weak: boolean;
}

/** @throws PatchError `PKG_NOT_FOUND` for what is no name or version of a package, `INVALID_REQUEST` for a purge */
export function dnfChange(change: PackageChange): DnfChange {
  const plain = { remove: [], exclude: [], force: false, erase: false, weak: true };
  switch (change.kind) {
    case 'remove':
      if (change.purge) throw noPurge(change.name);
      return { ...plain, command: 'remove', specs: [specOf(change)], force: change.force, erase: true };
    case 'versions': {
      const [bring, remove] = [change.bring.map(specOf), change.remove.map((name) => specOf({ name }))];
      if (bring.length === 0) return { ...plain, command: 'remove', specs: remove, erase: true };
      const erase = remove.length > 0 || (change.allowRemovals ?? false);
      return { ...plain, command: 'install', specs: bring, remove, erase, weak: false };
    }
    case 'update':
      return {
        ...plain,
        command: 'upgrade',
        specs: change.updates.map((one) => specOf({ name: one.id, version: one.newVersion })),
        exclude: change.kept.map((one) => specOf({ name: one.id })),
        erase: change.allowRemovals ?? false,
      };
    case 'install':
      return {
        ...plain,
        command: installCommand(change),
        specs: change.packages.map(specOf),
        force: change.force,
        erase: change.allowRemovals ?? false,
        weak: !change.noRecommends,
      };
  }
}

/** `upgrade` never gives an older version, and brings in nothing that is not there (dnf(8)). */
function installCommand({
  onlyUpgrade,
  allowDowngrade,
  packages,
}: Extract<PackageChange, { kind: 'install' }>): DnfChange['command'] {
  const older = allowDowngrade && packages.some((one) => one.version !== undefined);
  return onlyUpgrade && !older ? 'upgrade' : 'install';
}

function noPurge(name: string): PatchError {
  return new PatchError(
    'INVALID_REQUEST',
    `dnf cannot purge: rpm keeps edited configuration files of ${name} beside their places (.rpmsave). Ask for the removal without purge. Nothing was changed.`,
  );
}

/** Names are checked once more where they become arguments of a program that runs as root. */
function specOf({ name, version }: PackageTarget): string {
  const fine =
    PackageName.safeParse(name).success &&
    (version === undefined || PackageVersion.safeParse(version).success);
  if (!fine)
    throw new PatchError(
      'PKG_NOT_FOUND',
      `"${name}${version === undefined ? '' : ` ${version}`}" is not a package name and version.`,
    );
  if (version === undefined) return dottedName(name);
  const { name: plain, architecture } = splitName(name);
  return `${plain}-${version}${architecture === undefined ? '' : `.${architecture}`}`;
}

/** What to start for a change. @throws PatchError as `dnfChange` */
export function changeTool(root: string, change: PackageChange): Tool {
  const asked = dnfChange(change);
  const tool = commandTool(root, asked);
  if (!isInTwoRuns(asked)) return tool;
  return oneAfterTheOther(tool, dnfTool(root, 'remove', [...CHANGE_OPTIONS, 'remove', ...asked.remove]));
}

/** dnf's command line brings in or takes away, and never both at once but for one package each (dnf(8), swap). */
export function isInTwoRuns({ command, remove }: DnfChange): boolean {
  return command !== 'remove' && remove.length > 0;
}

function commandTool(root: string, { command, specs, exclude, force, erase, weak }: DnfChange): Tool {
  return dnfTool(root, command, [
    ...CHANGE_OPTIONS,
    ...(force ? ['--disableexcludes=all', '--disableplugin=versionlock'] : []),
    ...(erase && command !== 'remove' ? ['--allowerasing'] : []),
    ...(weak ? [] : ['--setopt=install_weak_deps=0']),
    ...exclude.map((one) => `--exclude=${one}`),
    command,
    ...specs,
  ]);
}

/** Reinstalls the newer and drops the older of what a transaction that was cut off left twice. */
export function finishTool(root: string): Tool {
  return dnfTool(root, 'remove --duplicates', [...CHANGE_OPTIONS, 'remove', '--duplicates']);
}

/** @throws PatchError `PKG_NOT_FOUND` for what is no name of a package */
export function holdTool(root: string, names: readonly string[], hold: boolean): Tool {
  const command = hold ? 'add' : 'delete';
  const specs = names.map((name) => splitName(specOf({ name })).name);
  return dnfTool(root, `versionlock ${command}`, [...CHANGE_OPTIONS, 'versionlock', command, ...specs]);
}

function dnfTool(root: string, what: string, args: readonly string[]): Tool {
  return {
    what: `dnf ${what}`,
    program: DNF,
    args: [...rootArguments(root), ...args],
    env: rpmEnvironment(root),
  };
}
