import { matchesGlob } from '../name-pattern.ts';
import type { PackageOperations } from '../package-operations.ts';
import type { PendingUpdate } from './pending.ts';

/** Pending updates sorted by what a job does with them; the rest is left as it is. */
interface Choice {
  /** With the version to install as `newVersion`. */
  readonly chosen: readonly PendingUpdate[];
  /** Must stay at their version, even where a chosen one would like a newer. */
  readonly excluded: readonly PendingUpdate[];
}

/** The update to the newest version of the security archive, which may be older than apt's candidate. */
function securityOnly(one: PendingUpdate): PendingUpdate {
  const { securityVersion = one.newVersion } = one;
  if (securityVersion === one.newVersion) return one;
  // What apt would do with its candidate says nothing about this version.
  return { ...one, newVersion: securityVersion, phased: false, phasedPercent: undefined, offered: undefined };
}

/**
 * The updates to bring in. Held and excluded ones stay; so do those that apt would leave alone by itself (phased, or
 * kept back because another package would have to go), unless they are named. Where apt could not say, all are tried.
 */
export function selectUpdates(
  updates: readonly PendingUpdate[],
  { selection, exclude }: Parameters<PackageOperations['applyPatches']>[0],
): Choice {
  const isExcluded = (one: PendingUpdate): boolean =>
    exclude.some((pattern) => matchesGlob(pattern, one.name) || matchesGlob(pattern, one.aptName));
  const isNamed = (one: PendingUpdate, names: readonly string[]): boolean =>
    names.some((name) => [one.name, one.aptName, `${one.name}:${one.architecture}`].includes(name));
  const onlySecurity =
    selection.kind === 'security' || (selection.kind === 'names' && selection.securityOnly);
  const candidates = onlySecurity ? updates.filter((one) => one.security).map(securityOnly) : updates;
  const isWanted = (one: PendingUpdate): boolean =>
    selection.kind === 'names' ? isNamed(one, selection.names) : one.offered !== false && !one.phased;
  return {
    chosen: candidates.filter((one) => !one.held && !isExcluded(one) && isWanted(one)),
    excluded: updates.filter((one) => !one.held && isExcluded(one)),
  };
}
