import type { AskedChange } from './change-policy.ts';
import type { HoldWish, InstallWish, RemoveWish, UpdateWish } from './package-operations.ts';

/** What an installation, or an update of named packages, asks for. */
export function askedInstallation({
  packages,
  onlyUpgrade,
  allowRemovals = false,
  allowDowngrade,
  force,
}: Pick<
  InstallWish,
  'packages' | 'onlyUpgrade' | 'allowRemovals' | 'allowDowngrade' | 'force'
>): AskedChange {
  return {
    operations: [onlyUpgrade ? 'update' : 'install'],
    names: packages.map((one) => one.name),
    allowRemovals,
    overrides: [...(allowDowngrade ? (['downgrades'] as const) : []), ...holdsWith(force)],
  };
}

/** Whoever forces a change, or releases packages, changes what is held. */
function holdsWith(isOverridden: boolean): readonly 'holds'[] {
  return isOverridden ? ['holds'] : [];
}

/** What a removal asks for. */
export function askedRemoval({
  name,
  allowRemovals = false,
  force,
}: Pick<RemoveWish, 'name' | 'allowRemovals' | 'force'>): AskedChange {
  return { operations: ['remove'], names: [name], allowRemovals, overrides: holdsWith(force) };
}

/** What holding or releasing asks for: whether updates come in is what it decides. */
export function askedHold({ names, hold }: HoldWish): AskedChange {
  return { operations: ['update'], names, allowRemovals: false, overrides: holdsWith(!hold) };
}

/** What pending updates, and perhaps a reboot after them, ask for. */
export function askedUpdates({
  selection,
  allowRemovals = false,
  reboot = false,
}: Pick<UpdateWish, 'selection' | 'allowRemovals'> & { readonly reboot?: boolean | undefined }): AskedChange {
  return {
    operations: reboot ? ['update', 'reboot'] : ['update'],
    names: selection.kind === 'names' ? selection.names : [],
    allowRemovals,
    overrides: [],
  };
}
