import type { Package, Patch } from '@linux-patch/contract';
import type { PackageInventory } from '../package-inventory.ts';
import { type AptContext, aptPath } from './apt-context.ts';
import { isNamed } from './compare.ts';
import { readDetail } from './detail.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import { type PendingUpdate, readPending } from './pending.ts';
import { asksForReboot } from './reboot-packages.ts';
import { readRebootState } from './reboot-state.ts';
import { compareDebianVersions } from './versions.ts';

/** Files and folders whose change can change what is installed or upgradable. */
const STATE = [
  'var/lib/dpkg/status',
  'var/lib/dpkg/updates',
  'var/lib/apt/extended_states',
  'var/lib/apt/lists',
  'etc/apt/apt.conf',
  'etc/apt/preferences',
  'etc/apt/sources.list',
  'etc/machine-id',
];

/** Folders of configuration; an editor changes a file in one without touching the folder. */
const FOLDERS = ['etc/apt/apt.conf.d', 'etc/apt/preferences.d', 'etc/apt/sources.list.d'];

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

async function stateKey({ files, root }: AptContext): Promise<string> {
  const inFolders = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await files.list(aptPath({ root }, folder), { missingOk: true });
      return names.map((name) => `${folder}/${name}`);
    }),
  );
  const paths = [...STATE, ...inFolders.flat()];
  const facts = await Promise.all(paths.map((path) => files.facts(aptPath({ root }, path))));
  return facts
    .map((one, index) => `${paths[index]}:${one ? `${one.inode}:${one.modifiedMs}:${one.sizeBytes}` : '-'}`)
    .join('|');
}

async function readSnapshot(context: AptContext): Promise<Snapshot> {
  const packages = readInstalled(context);
  const [installed, updates] = await Promise.all([packages, readPending(context, packages)]);
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

/** The update of this very package; of several architectures each has its own. */
function updateFor(own: InstalledPackage, updates: readonly PendingUpdate[]): PendingUpdate | undefined {
  const named = updates.filter((one) => one.name === own.name);
  return (
    named.find((one) => one.architecture === own.architecture) ??
    named.find((one) => one.currentVersion === own.version && !one.aptName.includes(':'))
  );
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
    requires_reboot: asksForReboot(update.name),
  };
}

/** The reading half of the apt adapter. */
export function createAptInventory(context: AptContext, reader: AptReader): PackageInventory {
  return {
    name: 'apt',
    async listPackages() {
      const { installed, updates } = await reader.snapshot();
      const byName = Map.groupBy(updates, (one) => one.name);
      return installed.map((one) => toPackage(one, updateFor(one, byName.get(one.name) ?? [])));
    },
    async findPackage(name) {
      const { installed, updates } = await reader.snapshot();
      const own = installed.find((one) => isNamed(one, name));
      const listed = own && toPackage(own, updateFor(own, updates));
      return readDetail(context, name, listed);
    },
    async listPatches() {
      const { updates, listedAtMs } = await reader.snapshot();
      return { patches: updates.map(toPatch), listedAtMs };
    },
    compareVersions: compareDebianVersions,
    rebootRequired: () => readRebootState(context),
    async isDatabaseClean() {
      // Not the snapshot: apt cannot tell the updates of a host whose dependencies are broken.
      const installed = await readInstalled(context);
      const journal = await context.files.list(aptPath(context, 'var/lib/dpkg/updates'), { missingOk: true });
      return journal.length === 0 && installed.every((one) => !one.broken);
    },
  };
}
