import { messageOf } from '@linux-patch/contract';
import type { OperationRun } from '../package-interface/package-operations.ts';
import type { PackageAdapter } from './adapter.ts';

type Marks = { readonly changing: Pick<PackageAdapter['changing'], 'automatic' | 'markAutomatic'> };

/** Which of these packages came as dependencies. */
export async function automaticAmong(
  { changing }: Marks,
  names: readonly string[],
): Promise<readonly string[]> {
  return names.length === 0 ? [] : changing.automatic(names);
}

/**
 * Marks packages as dependencies again that were so before: a package manager may take every package it upgrades by name
 * for one that somebody asked for, and would never again find it unneeded.
 */
export async function restoreAutomatic(
  adapter: Marks,
  marked: readonly string[],
  run: Pick<OperationRun, 'onLine'>,
): Promise<void> {
  try {
    const now = new Set(await automaticAmong(adapter, marked));
    const lost = marked.filter((name) => !now.has(name));
    if (lost.length > 0) await adapter.changing.markAutomatic(lost);
  } catch (error) {
    run.onLine(`Packages may now count as installed by hand: ${messageOf(error)}`, 'stderr');
  }
}
