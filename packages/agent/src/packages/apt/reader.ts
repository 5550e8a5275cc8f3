import { PatchError } from '@linux-patch/contract';
import type { AptContext } from './apt-context.ts';
import { type InstalledPackage, readInstalled, readNativeArchitecture } from './installed.ts';
import { explainKeptBack } from './kept-back.ts';
import { findPending, type Pending, type PendingUpdate, withOffered } from './pending.ts';
import { readPolicy } from './policy.ts';
import { remembered } from './remembered.ts';
import { readOffered } from './simulate.ts';
import { type AptSource, readSources } from './sources.ts';
import { type AptState, createStateReader } from './state-key.ts';

/** What is installed and what waits, taken together. */
interface Reading {
  readonly installed: readonly InstalledPackage[];
  /** Undefined when this host has no lists: what waits is then not known. */
  readonly pending: Pending | undefined;
  readonly sources: readonly AptSource[];
  readonly listedAtMs: number;
}

/** A reading that knows what waits. */
type Snapshot = Reading & { readonly pending: Pending; readonly updates: readonly PendingUpdate[] };

/** What the adapter's own parts read; kept in memory until something changes on disk. */
export interface AptReader {
  /** What is installed, and what waits where that is known. */
  reading(): Promise<Reading>;
  /**
   * @param options.offered also what an ordinary upgrade would take, which costs a simulation.
   * @throws PatchError `SERVICE_UNHEALTHY` when this host has no package lists.
   */
  snapshot(options?: { readonly offered: boolean }): Promise<Snapshot>;
  /** Why apt keeps updates back, by the name that it gives them. */
  explanations(): Promise<ReadonlyMap<string, string>>;
  /** The sources of this host. */
  sources(): Promise<readonly AptSource[]>;
}

/** What a listing takes from other memories. */
interface Known {
  readonly sources: () => Promise<readonly AptSource[]>;
  readonly offered: () => Promise<ReadonlySet<string> | undefined>;
}

async function readPackages(context: AptContext, known: Known): Promise<Reading> {
  const reading = known.sources();
  const dpkg = Promise.all([readInstalled(context), readNativeArchitecture(context)]);
  // A reading that fails has failed in all its parts, so that the next one begins all of them again.
  await Promise.allSettled([reading, dpkg]);
  const [installed, native] = await dpkg;
  const names = installed.map(({ name, architecture }) =>
    [native, 'all'].includes(architecture) ? name : `${name}:${architecture}`,
  );
  const [sources, policy] = await Promise.all([reading, readPolicy(context, names)]);
  const listedAtMs = context.clock.now();
  if (!sources.some((one) => one.present)) return { installed, pending: undefined, sources, listedAtMs };
  const pending = findPending({ installed, policy, sources });
  const isPhased = pending.updates.some((one) => one.phasedPercent !== undefined && !one.held);
  if (!isPhased) return { installed, pending, sources, listedAtMs };
  const updates = withOffered(pending.updates, await known.offered());
  return { installed, pending: { ...pending, updates }, sources, listedAtMs };
}

/** Reads through a memory that the state on disk invalidates; a failed reading is not remembered. */
export function createAptReader(context: AptContext): AptReader {
  const sources = remembered<readonly AptSource[]>();
  const packages = remembered<Reading>();
  const offered = remembered<ReadonlySet<string> | undefined>();
  const explanations = remembered<ReadonlyMap<string, string>>();
  const stateNow = createStateReader(context);
  const sourcesFor = (state: AptState) => sources(state.sources, () => readSources(context));
  const offeredFor = (state: AptState) => offered(state.packages, () => readOffered(context));
  const readingFor = (state: AptState) =>
    packages(state.packages, () =>
      readPackages(context, { sources: () => sourcesFor(state), offered: () => offeredFor(state) }),
    );
  return {
    reading: async () => readingFor(await stateNow()),
    async explanations() {
      const state = await stateNow();
      return explanations(state.packages, async () => {
        const { pending } = await readingFor(state);
        const updates = withOffered(pending?.updates ?? [], await offeredFor(state));
        return explainKeptBack(context, updates);
      });
    },
    sources: async () => sourcesFor(await stateNow()),
    async snapshot(options = { offered: false }) {
      const state = await stateNow();
      const reading = await readingFor(state);
      const pending = reading.pending ?? refuseUnknown(reading.sources);
      if (!options.offered) return { ...reading, pending, updates: pending.updates };
      return { ...reading, pending, updates: withOffered(pending.updates, await offeredFor(state)) };
    },
  };
}

function refuseUnknown(sources: readonly AptSource[]): never {
  const why =
    sources.length === 0
      ? 'apt has no package source on this host (/etc/apt/sources.list and sources.list.d name none)'
      : `none of the ${sources.length} package sources of this host was ever downloaded`;
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `Which updates wait is not known: ${why}. Ask for a refresh; "apt-get update" on the host shows what is in the way.`,
  );
}
