import { createHash } from 'node:crypto';
import { PatchError, VERSION } from '@linux-patch/contract';
import {
  DetailAnswer,
  type PackageInventory,
  type PackageListing,
  type SourceState,
  type SourcesAnswer,
} from '@linux-patch/worker';
import type { HostState } from './host-state.ts';
import type { WorkerLink } from './link.ts';
import type { Listings } from './listings.ts';

/** What a request has room for beside the rest; the worker looks up what it is not told. */
const MOST_LISTED_CHARACTERS = 16_000;

/** The reading half of the package manager, as the worker tells it. */
export function createWorkerInventory(
  link: Pick<WorkerLink, 'ask'>,
  parts: Pick<PackageInventory, 'name' | 'plans'> & {
    readonly listings: Listings;
    readonly state: Pick<HostState, 'reading'>;
  },
): PackageInventory {
  const { name: manager, plans, listings, state } = parts;
  const ranks = { of: undefined as PackageListing | undefined, known: new Map<string, number>() };
  const rankOf = (version: string): number => ranks.known.get(version) ?? -1;
  const reading = async (): Promise<PackageListing> => {
    const listing = await listings.reading();
    if (ranks.of !== listing) {
      ranks.of = listing;
      ranks.known = new Map(
        listing.packages.map((one, index) => [one.version, listing.versionRanks[index] ?? 0]),
      );
    }
    return listing;
  };
  return {
    name: manager,
    plans,
    rebootRequired: async () => (await state.reading()).reboot,
    isDatabaseClean: async () => (await state.reading()).clean,
    revision: async () => revisionOf(manager, await listings.key()),
    listPackages: async () => (await reading()).packages,
    async findPackage(name) {
      const names = [name, name.replace(/:[^:]*$/, ''), name.replace(/\.[^.]*$/, '')];
      const listed = (await reading()).packages.filter((one) => names.includes(one.name));
      const short = JSON.stringify(listed).length <= MOST_LISTED_CHARACTERS ? { listed } : {};
      return (await link.ask({ v: 1, op: 'detail', name, ...short }, DetailAnswer)) ?? undefined;
    },
    async listPatches({ explain } = { explain: false }) {
      const { updates, listedAtMs } = await (explain ? listings.explained() : reading());
      if ('unknown' in updates) throw new PatchError('SERVICE_UNHEALTHY', updates.unknown);
      return { ...updates, listedAtMs };
    },
    sources: async () => sourceStates((await reading()).sources),
    compareVersions: (a, b) => rankOf(a) - rankOf(b),
  };
}

/** What JSON leaves out is not known. */
export function sourceStates(sources: SourcesAnswer): SourceState[] {
  return sources.map((one) => {
    const { label, suite, codename, publishedAtMs, servedAtMs, fetchedAtMs, validUntilMs } = one;
    return { ...one, label, suite, codename, publishedAtMs, servedAtMs, fetchedAtMs, validUntilMs };
  });
}

/** A name for a state. Another release may make something else of the same one. */
function revisionOf(manager: string, key: string): string {
  return createHash('sha256').update(`${VERSION}\n${manager}\n${key}`).digest('hex').slice(0, 32);
}
