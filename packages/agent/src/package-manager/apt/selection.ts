import { matchesGlob } from '../name-pattern.ts';
import type { PackageOperations } from '../package-operations.ts';
import type { PendingUpdate } from './pending.ts';

/** Pending updates sorted by what a job does with them; the rest is left as it is. */
interface Choice {
  readonly chosen: readonly PendingUpdate[];
  /** Must stay at their version, even where a chosen one would like a newer. */
  readonly excluded: readonly PendingUpdate[];
}

/**
 * The updates to bring in. Held and excluded ones stay; so do those that apt would leave alone by itself (phased, or
 * kept back because another package would have to go), unless they are named.
 */
export function selectUpdates(
  updates: readonly PendingUpdate[],
  { selection, exclude }: Parameters<PackageOperations['applyPatches']>[0],
): Choice {
  const isExcluded = (one: PendingUpdate): boolean =>
    exclude.some((pattern) => matchesGlob(pattern, one.name) || matchesGlob(pattern, one.aptName));
  const isWanted = (one: PendingUpdate): boolean => {
    switch (selection.kind) {
      case 'all':
        return one.offered;
      case 'security':
        return one.offered && one.security;
      case 'names':
        return (
          selection.names.some((name) =>
            [one.name, one.aptName, `${one.name}:${one.architecture}`].includes(name),
          ) &&
          (!selection.securityOnly || one.security)
        );
    }
  };
  return {
    chosen: updates.filter((one) => !one.held && !isExcluded(one) && isWanted(one)),
    excluded: updates.filter((one) => !one.held && isExcluded(one)),
  };
}
