import { PatchError } from '@linux-patch/contract';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageChange, Tool } from '../adapter.ts';
import { requireNamed } from '../named-target.ts';
import type { RpmInstalled } from '../rpm/installed.ts';
import { dottedName, splitName } from '../rpm/names.ts';
import { ZYPPER, zypperArguments, zypperEnvironment } from './private-root.ts';

/**
 * A command of zypper about one change. Everything is downloaded before anything is changed, so that a network that fails,
 * and files that two packages have, leave all as it was.
 * @throws PatchError `PKG_NOT_FOUND` for what is no name or version of a package, `INVALID_REQUEST` for what zypper cannot
 */
export function changeArguments(change: PackageChange): string[] {
  switch (change.kind) {
    case 'remove':
      if (change.purge) throw noPurge(change.name);
      return removal([change.name]);
    case 'versions': {
      if (change.bring.length === 0) return removal(change.remove);
      const erase = change.allowRemovals ?? false;
      return [
        ...installation({ erase, weak: false, older: change.older }),
        ...change.bring.map(specOf),
        // A `!` before a name takes its package away (zypper(8)).
        ...change.remove.map((name) => `!${specOf({ name })}`),
      ];
    }
    case 'update':
      return [
        ...installation({ erase: change.allowRemovals ?? false, weak: true, older: false }),
        ...change.updates.map((one) => specOf({ name: one.id, version: one.newVersion })),
      ];
    case 'install':
      return [
        ...installation({
          erase: change.allowRemovals ?? false,
          weak: !change.noRecommends,
          older: change.allowDowngrade,
        }),
        ...change.packages.map(specOf),
      ];
  }
}

function removal(names: readonly string[]): string[] {
  return ['remove', '--name', '--no-clean-deps', '--', ...names.map((name) => specOf({ name }))];
}

function installation({
  erase,
  weak,
  older,
}: {
  readonly erase: boolean;
  readonly weak: boolean;
  readonly older: boolean;
}): string[] {
  return [
    'install',
    '--name',
    '--download-in-advance',
    erase ? '--force-resolution' : '--no-force-resolution',
    ...(weak ? [] : ['--no-recommends']),
    ...(older ? ['--oldpackage'] : []),
    '--',
  ];
}

function noPurge(name: string): PatchError {
  return new PatchError(
    'INVALID_REQUEST',
    `zypper cannot purge: rpm keeps edited configuration files of ${name} beside their places (.rpmsave). Ask for the removal without purge. Nothing was changed.`,
  );
}

/** @throws PatchError `PKG_NOT_FOUND` */
function specOf(target: PackageTarget): string {
  requireNamed(target);
  const { name, version } = target;
  return version === undefined ? dottedName(name) : `${dottedName(name)}=${version}`;
}

/** What to start for a change. @throws PatchError as `changeArguments` */
export function changeTool(root: string, change: PackageChange): Tool {
  const args = changeArguments(change);
  return zypperTool(root, args[0] ?? '', ['--no-refresh', ...args]);
}

/** Puts the newer of what a transaction that was cut off left twice in again, which takes the older away. */
export function finishTool(root: string, installed: readonly RpmInstalled[]): Tool {
  const broken = installed.filter((one) => one.broken);
  const newest = new Map(broken.map((one) => [`${one.name}.${one.architecture}`, one.version]));
  const specs = [...newest].map(([name, version]) => specOf({ name, version }));
  return zypperTool(root, 'install --force', [
    '--no-refresh',
    'install',
    '--name',
    '--download-in-advance',
    '--force',
    '--no-force-resolution',
    '--',
    ...specs,
  ]);
}

/** @throws PatchError `PKG_NOT_FOUND` for what is no name of a package */
export function holdTool(root: string, names: readonly string[], hold: boolean): Tool {
  const command = hold ? 'addlock' : 'removelock';
  const specs = names.map((name) => splitName(specOf({ name })).name);
  return zypperTool(root, command, ['--no-refresh', command, '--', ...specs]);
}

/** Asks every enabled repository. No key is accepted, because nobody is there to be asked. */
export function refreshTool(root: string): Tool {
  return zypperTool(root, 'refresh', ['refresh']);
}

function zypperTool(root: string, what: string, args: readonly string[]): Tool {
  return {
    what: `zypper ${what}`,
    program: ZYPPER,
    args: [...zypperArguments(root), ...args],
    env: zypperEnvironment(root),
  };
}
