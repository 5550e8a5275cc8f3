import type { AskedChange } from './change-policy.ts';
import type { InstallWish, RemoveWish, UpdateWish } from './package-operations.ts';

/** What an installation, or an update of named packages, asks for. */
export function askedInstallation({
  packages,
  onlyUpgrade,
  allowRemovals = false,
}: Pick<InstallWish, 'packages' | 'onlyUpgrade' | 'allowRemovals'>): AskedChange {
  return {
    operations: [onlyUpgrade ? 'update' : 'install'],
    names: packages.map((one) => one.name),
    allowRemovals,
  };
}

/** What a removal asks for. */
export function askedRemoval({
  name,
  allowRemovals = false,
}: Pick<RemoveWish, 'name' | 'allowRemovals'>): AskedChange {
  return { operations: ['remove'], names: [name], allowRemovals };
}

/** What holding or releasing asks for: whether updates come in is what it decides. */
export function askedHold(names: readonly string[]): AskedChange {
  return { operations: ['update'], names, allowRemovals: false };
}

/** What pending updates, and perhaps a reboot after them, ask for. */
export function askedUpdates({
  selection,
  allowRemovals = false,
  reboot = false,
}: Pick<UpdateWish, 'selection' | 'allowRemovals'> & { readonly reboot?: boolean }): AskedChange {
  return {
    operations: reboot ? ['update', 'reboot'] : ['update'],
    names: selection.kind === 'names' ? selection.names : [],
    allowRemovals,
  };
}
