import type { Package, Patch } from '@linux-patch/contract';
import type { PackageInventory } from '../package-inventory.ts';
import { type AptContext, aptPath } from './apt-context.ts';
import { readDetail } from './detail.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import { readRebootState } from './reboot-state.ts';
import { isSecurityOrigin, type SimulatedInstall, simulateUpgrade } from './simulate.ts';
import { compareDebianVersions } from './versions.ts';

/** Files and folders whose change can change what is installed or upgradable. */
const STATE = [
  'var/lib/dpkg/status',
  'var/lib/dpkg/updates',
  'var/lib/apt/extended_states',
  'var/lib/apt/lists',
  'var/cache/apt/pkgcache.bin',
  'etc/apt/preferences',
  'etc/apt/preferences.d',
  'etc/apt/sources.list',
  'etc/apt/sources.list.d',
  'etc/machine-id',
];

/** A pending update with what apt would do about it by itself. */
export interface PendingUpdate extends SimulatedInstall {
  readonly currentVersion: string;
  readonly held: boolean;
  readonly phased: boolean;
  readonly security: boolean;
  readonly description: string;
}

/** Installed packages and pending updates, taken together. */
interface Snapshot {
  readonly installed: readonly InstalledPackage[];
  readonly updates: readonly PendingUpdate[];
  readonly listedAtMs: number;
}

/** What the adapter's own parts read; kept in memory until something changes on disk. */
export interface AptReader {
  snapshot(): Promise<Snapshot>;
}

async function stateKey(context: AptContext): Promise<string> {
  const facts = await Promise.all(STATE.map((path) => context.files.facts(aptPath(context, path))));
  return facts.map((one) => (one ? `${one.inode}:${one.modifiedMs}:${one.sizeBytes}` : '-')).join('|');
}

async function readSnapshot(context: AptContext): Promise<Snapshot> {
  const [installed, everything, normal] = await Promise.all([
    readInstalled(context),
    simulateUpgrade(context, { everything: true }),
    simulateUpgrade(context, { everything: false }),
  ]);
  const known = new Map(installed.map((one) => [one.name, one]));
  const taken = new Set(normal.map((one) => one.name));
  const updates = everything.flatMap((one) => {
    if (one.currentVersion === undefined) return [];
    const held = known.get(one.name)?.held ?? false;
    return [
      {
        ...one,
        currentVersion: one.currentVersion,
        held,
        // Offered only when phasing is ignored: not meant for this host yet.
        phased: !held && !taken.has(one.name),
        security: one.origins.some(isSecurityOrigin),
        description: known.get(one.name)?.description ?? '',
      },
    ];
  });
  return { installed, updates, listedAtMs: context.clock.now() };
}

/** Reads through a memory that the state on disk invalidates; a failed reading is not remembered. */
export function createAptReader(context: AptContext): AptReader {
  let memory: { readonly key: string; readonly snapshot: Promise<Snapshot> } | undefined;
  return {
    async snapshot() {
      const key = await stateKey(context);
      if (memory?.key === key) return memory.snapshot;
      const snapshot = readSnapshot(context);
      memory = { key, snapshot };
      snapshot.catch(() => {
        if (memory?.snapshot === snapshot) memory = undefined;
      });
      return snapshot;
    },
  };
}

function toPackage(one: InstalledPackage, update: PendingUpdate | undefined): Package {
  return {
    name: one.name,
    version: one.version,
    architecture: one.architecture,
    status: one.held ? 'held' : update ? 'upgradable' : 'installed',
    upgradable: update !== undefined,
    latest_version: update?.newVersion ?? one.version,
    description: one.description,
    size_bytes: one.sizeBytes,
    held: one.held,
    origin: update?.origins[0] ?? null,
    security: update?.security ?? false,
    cve_ids: [],
  };
}

function toPatch(update: PendingUpdate): Patch {
  return {
    name: update.name,
    current_version: update.currentVersion,
    available_version: update.newVersion,
    // apt's indexes carry no severity, and a name is no evidence.
    severity: 'unknown',
    description: update.description,
    cve_ids: [],
    advisories: [],
    security: update.security,
    origin: update.origins[0] ?? null,
    held: update.held,
    phased: update.phased,
    requires_reboot: /^linux-(image|modules)-/.test(update.name),
  };
}

/** The reading half of the apt adapter. */
export function createAptInventory(context: AptContext, reader: AptReader): PackageInventory {
  return {
    name: 'apt',
    async listPackages() {
      const { installed, updates } = await reader.snapshot();
      const byName = new Map(updates.map((one) => [one.name, one]));
      return installed.map((one) => toPackage(one, byName.get(one.name)));
    },
    async findPackage(name) {
      const { installed, updates } = await reader.snapshot();
      const [plain] = name.split(':');
      const own = installed.find((one) => one.name === plain);
      const listed =
        own &&
        toPackage(
          own,
          updates.find((one) => one.name === plain),
        );
      return readDetail(context, name, listed);
    },
    async listPatches() {
      const { updates, listedAtMs } = await reader.snapshot();
      return { patches: updates.map(toPatch), listedAtMs };
    },
    compareVersions: compareDebianVersions,
    rebootRequired: () => readRebootState(context),
    async isDatabaseClean() {
      const { installed } = await reader.snapshot();
      const journal = await context.files.list(aptPath(context, 'var/lib/dpkg/updates'), { missingOk: true });
      return journal.length === 0 && installed.every((one) => !one.broken);
    },
  };
}
