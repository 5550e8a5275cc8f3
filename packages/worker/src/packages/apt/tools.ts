import type { ChangePermission } from '../../package-interface/package-operations.ts';
import type { PackageChange, Tool } from '../adapter.ts';
import type { Update } from '../package-facts.ts';
import { aptTool } from './neutral-options.ts';
import { aptArgument } from './targets.ts';

/**
 * What scripts of packages find in their environment beside PATH, HOME and LC_ALL. Questions are answered with their
 * defaults and stay unanswered in debconf's eyes, so that a person is asked them later (debconf(7), "Noninteractive").
 */
const SCRIPT_ENVIRONMENT: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_MODE: 'l',
};

/**
 * Edited configuration files stay; options of apt.conf and dpkg.cfg come before these, and dpkg asks for each by itself
 * (dpkg(1), `--force-things`).
 */
const CONFFILE_OPTIONS: readonly string[] = [
  '--force-confdef',
  '--force-confold',
  '--no-force-confnew',
  '--no-force-confask',
];

/** Non-interactive, edited configuration files stay, progress on descriptor 3. */
const CHANGE_OPTIONS: readonly string[] = [
  '-y',
  '-o',
  'APT::Status-Fd=3',
  '-o',
  // Whoever waits for the lock judges again what may be done, and apt cannot.
  'DPkg::Lock::Timeout=0',
  // With a terminal of its own a script that asks on /dev/tty would wait for an answer for ever.
  '-o',
  'Dpkg::Use-Pty=0',
  ...CONFFILE_OPTIONS.flatMap((one) => ['-o', `Dpkg::Options::=${one}`]),
];

/**
 * apt's permission and dpkg's: where `DPKG_FORCE` is set it replaces dpkg's own defaults, of which this is one, and dpkg
 * then skips the package and still ends well (dpkg(1)).
 */
const ALLOW_DOWNGRADE: readonly string[] = ['--allow-downgrades', '-o', 'Dpkg::Options::=--force-downgrade'];

const env = SCRIPT_ENVIRONMENT;

function aptGet(command: string, args: readonly string[]): Tool {
  return { what: `apt-get ${command}`, ...aptTool('apt-get', args), env };
}

export const REFRESH: Tool = aptGet('update', [
  '-o',
  'APT::Update::Error-Mode=any',
  '-o',
  'APT::Status-Fd=3',
  'update',
]);

export const FINISH: Tool = {
  what: 'dpkg --configure',
  program: 'dpkg',
  args: ['--configure', '-a', ...CONFFILE_OPTIONS],
  env,
};

export const COMPLETE: Tool = aptGet('install', [
  ...CHANGE_OPTIONS,
  '--no-remove',
  '--fix-broken',
  'install',
]);

/** @throws PatchError `PKG_NOT_FOUND` for what is no name of a package */
export function holdTool(names: readonly string[], hold: boolean): Tool {
  const command = hold ? 'hold' : 'unhold';
  const targets = names.map((name) => aptArgument({ name }));
  return { what: `apt-mark ${command}`, ...aptTool('apt-mark', [command, '--', ...targets]), env };
}

/** @throws PatchError `PKG_NOT_FOUND` for what is no name or version of a package */
export function changeTool(change: PackageChange): Tool {
  return aptGet(commandOf(change), [...CHANGE_OPTIONS, ...changeArguments(change)]);
}

function commandOf(change: PackageChange): string {
  if (change.kind !== 'remove') return 'install';
  return change.purge ? 'purge' : 'remove';
}

/** Arguments of apt-get from the options of this very change on. */
export function changeArguments(change: PackageChange): string[] {
  return [...optionsOf(change), commandOf(change), '--', ...targetsOf(change)];
}

function optionsOf(change: PackageChange): string[] {
  switch (change.kind) {
    case 'install':
      return [
        ...(change.onlyUpgrade ? ['--only-upgrade'] : []),
        ...(change.noRecommends ? ['--no-install-recommends'] : []),
        ...(change.allowDowngrade ? ALLOW_DOWNGRADE : []),
        ...removalOptions(change),
        ...(change.force ? ['--allow-change-held-packages', '--reinstall'] : []),
      ];
    case 'versions':
      return [
        '--no-install-recommends',
        ...(change.older ? ALLOW_DOWNGRADE : []),
        // With it apt would not take away either what is named.
        ...(change.remove.length > 0 ? [] : removalOptions(change)),
      ];
    case 'remove':
      return change.force ? ['--allow-change-held-packages'] : [];
    case 'update':
      return [
        ...phasedOptions(change.updates),
        '--only-upgrade',
        ...removalOptions(change),
        ...(change.allOrNothing ? [] : ['--fix-missing']),
      ];
  }
}

function removalOptions({ allowRemovals }: ChangePermission): string[] {
  return allowRemovals ? [] : ['--no-remove'];
}

function phasedOptions(updates: readonly Update[]): string[] {
  return updates.some((one) => one.phased) ? ['-o', 'APT::Get::Always-Include-Phased-Updates=true'] : [];
}

function targetsOf(change: PackageChange): string[] {
  switch (change.kind) {
    case 'install':
      return change.packages.map(aptArgument);
    case 'versions':
      // A `-` behind a name takes its package away (apt-get(8)).
      return [...change.bring.map(aptArgument), ...change.remove.map((name) => `${aptArgument({ name })}-`)];
    case 'remove':
      return [aptArgument({ name: change.name })];
    case 'update':
      return [
        ...change.updates.map((one) => aptArgument({ name: one.id, version: one.newVersion })),
        // Named with the version they have, so that nothing can pull them along.
        ...change.kept.map((one) => aptArgument({ name: one.id, version: one.currentVersion })),
      ];
  }
}
