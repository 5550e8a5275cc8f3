import type { AskedChange } from './change-policy.ts';
import type {
  ChangePermission,
  HoldWish,
  InstallWish,
  RemoveWish,
  UpdateWish,
} from './package-operations.ts';
import type { RollbackTarget } from './recorded-changes.ts';

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

const OPERATION_OF = {
  install: 'install',
  remove: 'remove',
  upgrade: 'update',
  downgrade: 'update',
} as const satisfies Readonly<Record<RollbackTarget['move'], AskedChange['operations'][number]>>;

/** What a rollback asks for: the changes of which it consists, older versions among them. */
export function askedRollback(
  targets: readonly RollbackTarget[],
  { allowRemovals = false }: Pick<ChangePermission, 'allowRemovals'>,
): AskedChange {
  return {
    operations: [...new Set(targets.map((one) => OPERATION_OF[one.move]))],
    names: targets.map((one) => one.name),
    allowRemovals,
    overrides: targets.some((one) => one.move === 'downgrade') ? ['downgrades'] : [],
  };
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
