import { PatchError } from '@linux-patch/contract';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageChange } from '../adapter.ts';
import { requireNamed } from '../named-target.ts';
import { dottedName, splitName } from '../rpm/names.ts';

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

/** @throws PatchError `PKG_NOT_FOUND` */
export function specOf(target: PackageTarget): string {
  requireNamed(target);
  const { name, version } = target;
  if (version === undefined) return dottedName(name);
  const { name: plain, architecture } = splitName(name);
  return `${plain}-${version}${architecture === undefined ? '' : `.${architecture}`}`;
}
