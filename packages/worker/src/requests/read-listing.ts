import { isPatchError } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import type { PackageInventory } from '../package-interface/package-inventory.ts';
import type { PackageManager } from '../package-interface/package-manager.ts';
import { watchedKey } from '../package-interface/watched-files.ts';
import type { PackageListing } from './package-listing.ts';
import { sourcesAnswer } from './package-lists.ts';

/**
 * Reads all that listings are made from.
 * @throws PatchError when the package manager cannot say what is installed; never with less than there is
 */
export async function readListing(
  packages: Pick<PackageManager, 'inventory' | 'watched'>,
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  { explain }: { readonly explain: boolean },
): Promise<PackageListing> {
  const { inventory } = packages;
  const watched = await packages.watched();
  const key = await watchedKey(files, watched);
  const installed = await inventory.listPackages();
  const { updates, listedAtMs } = await readUpdates(inventory, { explain, clock });
  return {
    manager: inventory.name,
    key,
    watched: { files: [...watched.files], folders: [...watched.folders] },
    packages: [...installed],
    versionRanks: ranksOf(
      installed.map((one) => one.version),
      inventory,
    ),
    updates,
    sources: sourcesAnswer(await inventory.sources()),
    listedAtMs,
  };
}

/** What waits, or why nobody knows: that is an answer, while a reading that failed is none. */
async function readUpdates(
  inventory: PackageInventory,
  { explain, clock }: { readonly explain: boolean; readonly clock: Clock },
): Promise<Pick<PackageListing, 'updates' | 'listedAtMs'>> {
  try {
    const { patches, hiddenSecurity, listedAtMs } = await inventory.listPatches({ explain });
    return { updates: { patches: [...patches], hiddenSecurity: [...hiddenSecurity] }, listedAtMs };
  } catch (error) {
    if (!isPatchError(error, 'SERVICE_UNHEALTHY')) throw error;
    return { updates: { unknown: error.message }, listedAtMs: clock.now() };
  }
}

/** Where each version stands among all of them; equal ones share their place. */
function ranksOf(
  versions: readonly string[],
  { compareVersions }: Pick<PackageInventory, 'compareVersions'>,
): number[] {
  const sorted = [...new Set(versions)].sort(compareVersions);
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [index, version] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && compareVersions(before, version) !== 0) rank += 1;
    ranks.set(version, rank);
  }
  return versions.map((version) => ranks.get(version) ?? 0);
}
