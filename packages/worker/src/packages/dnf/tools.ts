import type { PackageChange, Tool } from '../adapter.ts';
import { oneAfterTheOther } from '../one-after-the-other.ts';
import { rpmEnvironment } from '../rpm/database.ts';
import { splitName } from '../rpm/names.ts';
import { type DnfChange, dnfChange, specOf } from './change.ts';
import { rootArguments } from './private-root.ts';
import { CACHE, DNF } from './program.ts';

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

export function finishTool(root: string): Tool {
  return dnfTool(root, 'remove --duplicates', [...CHANGE_OPTIONS, 'remove', '--duplicates']);
}

export function holdTool(root: string, names: readonly string[], hold: boolean): Tool {
  const command = hold ? 'add' : 'delete';
  const specs = names.map((name) => splitName(specOf({ name })).name);
  return dnfTool(root, `versionlock ${command}`, [...CHANGE_OPTIONS, 'versionlock', command, ...specs]);
}

function dnfTool(root: string, what: string, args: readonly string[]): Tool {
  return {
    what: `dnf ${what}`,
    program: DNF,
    args: [...rootArguments(root, { cache: CACHE, plugins: 'etc/dnf/plugins' }), ...args],
    env: rpmEnvironment(root),
  };
}
