import { createHash } from 'node:crypto';
import { PatchError, VERSION } from '@linux-patch/contract';
import type { PackageAdapter, StateKey } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import { explainKeptBack } from './kept-back.ts';
import type { PackageSnapshot, Pending, Source, Update } from './package-facts.ts';
import { remembered } from './remembered.ts';

/** A snapshot that knows what waits. */
type Snapshot = PackageSnapshot & { readonly pending: Pending; readonly updates: readonly Update[] };

/** What is read of the package manager; kept in memory until something changes on disk. */
export interface PackageReader {
  /** Names the state on disk, and by whom it is read. */
  revision(): Promise<string>;
  /** What is installed, and what waits where that is known. */
  reading(): Promise<PackageSnapshot>;
  /**
   * @param options.offered also what an ordinary upgrade would take, which costs a simulation.
   * @throws PatchError `SERVICE_UNHEALTHY` when this host has no package lists.
   */
  snapshot(options?: { readonly offered: boolean }): Promise<Snapshot>;
  /** Why an ordinary upgrade leaves updates, by their ids. */
  explanations(): Promise<ReadonlyMap<string, string>>;
  /** The sources of this host. */
  sources(): Promise<readonly Source[]>;
}

/** What a listing takes from other memories. */
interface Known {
  readonly sources: () => Promise<readonly Source[]>;
  readonly offered: () => Promise<ReadonlySet<string> | undefined>;
}

async function readPackages({ adapter, clock, root }: PackageHost, known: Known): Promise<PackageSnapshot> {
  const sourcesRead = known.sources();
  const installedRead = adapter.reading.installed();
  const pendingRead = adapter.reading.pending({ installed: installedRead, sources: sourcesRead });
  const parts = [installedRead, sourcesRead, pendingRead] as const;
  // A reading that fails has failed in all its parts, so that the next one begins all of them again.
  await Promise.allSettled(parts);
  const [installed, sources, pending] = await Promise.all(parts);
  if (installed.length === 0 && root === '/') refuseNothing(adapter);
  const listedAtMs = clock.now();
  if (!sources.some((one) => one.present)) return { installed, pending: undefined, sources, listedAtMs };
  const isPhased = pending.updates.some((one) => one.phasedPercent !== undefined && !one.held);
  if (!isPhased) return { installed, pending, sources, listedAtMs };
  const updates = withOffered(pending.updates, await known.offered());
  return { installed, pending: { ...pending, updates }, sources, listedAtMs };
}

/**
 * Completes updates with what an ordinary upgrade would take (`undefined`: that cannot be said). The package manager
 * draws by itself which machines get a phased update; what it leaves, this host is not part of yet.
 */
function withOffered(updates: readonly Update[], offered: ReadonlySet<string> | undefined): Update[] {
  return updates.map((one) => ({
    ...one,
    offered: offered?.has(one.id),
    phased: one.phasedPercent !== undefined && !one.held && !(offered?.has(one.id) ?? false),
  }));
}

/** Reads through a memory that the state on disk invalidates; a failed reading is not remembered. */
export function createPackageReader(host: PackageHost): PackageReader {
  const { reading: from } = host.adapter;
  const sources = remembered<readonly Source[]>();
  const packages = remembered<PackageSnapshot>();
  const offered = remembered<ReadonlySet<string> | undefined>();
  const explanations = remembered<ReadonlyMap<string, string>>();
  const sourcesFor = (state: StateKey) => sources(state.sources, () => from.sources());
  const offeredFor = (state: StateKey) => offered(state.packages, () => from.offered());
  const readingFor = (state: StateKey) =>
    packages(state.packages, () =>
      readPackages(host, { sources: () => sourcesFor(state), offered: () => offeredFor(state) }),
    );
  return {
    revision: async () => revisionOf(host.adapter, (await from.stateKey()).packages),
    reading: async () => readingFor(await from.stateKey()),
    async explanations() {
      const state = await from.stateKey();
      return explanations(state.packages, async () => {
        const { pending } = await readingFor(state);
        const updates = withOffered(pending?.updates ?? [], await offeredFor(state));
        return explainKeptBack(host, updates);
      });
    },
    sources: async () => sourcesFor(await from.stateKey()),
    async snapshot(options = { offered: false }) {
      const state = await from.stateKey();
      const reading = await readingFor(state);
      const pending = reading.pending ?? refuseUnknown(host, reading.sources);
      if (!options.offered) return { ...reading, pending, updates: pending.updates };
      return { ...reading, pending, updates: withOffered(pending.updates, await offeredFor(state)) };
    },
  };
}

/** A name for a key. Another release may make something else of the same state. */
function revisionOf({ name }: Pick<PackageAdapter, 'name'>, key: string): string {
  return createHash('sha256').update(`${VERSION}\n${name}\n${key}`).digest('hex').slice(0, 32);
}

/** A package manager of a running host is a package itself. One that names none has lost its database, or looks into another one. */
function refuseNothing({ words }: Pick<PackageAdapter, 'words'>): never {
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `${words.solver} names no installed package, not even itself, so what this host has is not known. Its database is lost or lies elsewhere; restore it from a backup.`,
  );
}

function refuseUnknown({ adapter }: PackageHost, sources: readonly Source[]): never {
  const { solver, sourceFiles } = adapter.words;
  const why =
    sources.length === 0
      ? `${solver} has no package source on this host (${sourceFiles} name none)`
      : `none of the ${sources.length} package sources of this host was ever downloaded`;
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `Which updates wait is not known: ${why}. Ask for a refresh; "${adapter.refreshing.tool.what}" on the host shows what is in the way.`,
  );
}
