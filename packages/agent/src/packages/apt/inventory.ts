import type { Package, Patch } from '@linux-patch/contract';
import type { PackageInventory } from '../package-inventory.ts';
import type { AptContext } from './apt-context.ts';
import { isNamed } from './compare.ts';
import { type DatabaseWatch, describeFaults } from './database-faults.ts';
import { readDetail } from './detail.ts';
import type { InstalledPackage } from './installed.ts';
import { isKeptBack } from './kept-back.ts';
import type { PendingUpdate } from './pending.ts';
import type { AptReader } from './reader.ts';
import { asksForReboot } from './reboot-packages.ts';
import { readRebootState } from './reboot-state.ts';
import { compareDebianVersions } from './versions.ts';

/** What the contract lets a reason be. */
const REASON_LIMIT = 4_096;

/** Updates by the package that they belong to; of several architectures each has its own. */
function byPackage(updates: readonly PendingUpdate[]): ReadonlyMap<string, PendingUpdate> {
  return new Map(updates.map((one) => [keyOf(one), one]));
}

function keyOf({ name, architecture }: { readonly name: string; readonly architecture: string }): string {
  return `${name}:${architecture}`;
}

/** @param pending undefined when it is not known what waits. */
function toPackage(one: InstalledPackage, pending: ReadonlyMap<string, PendingUpdate> | undefined): Package {
  const update = pending?.get(keyOf(one));
  return {
    name: one.name,
    version: one.version,
    architecture: one.architecture,
    status: one.held ? 'held' : update ? 'upgradable' : 'installed',
    upgradable: update !== undefined,
    latest_version: update?.newVersion ?? (pending ? one.version : null),
    description: one.description,
    size_bytes: one.sizeBytes,
    held: one.held,
    origin: update?.origins[0] ?? null,
    security: update?.security ?? false,
    cve_ids: [],
  };
}

/** Why it would stay; null when nothing is known against it. */
function reasonOf(update: PendingUpdate, explanations: ReadonlyMap<string, string>): string | null {
  if (update.held) return 'it is held on this host; apt-mark unhold lets it in';
  if (update.phased)
    return `it is given to ${update.phasedPercent} % of machines for now, of which this host is none`;
  return explanations.get(update.aptName)?.slice(0, REASON_LIMIT) ?? null;
}

function toPatch(update: PendingUpdate, explanations: ReadonlyMap<string, string>): Patch {
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
    security_known: update.securityKnown,
    security_version: update.securityVersion ?? null,
    origin: update.origins[0] ?? null,
    held: update.held,
    phased: update.phased,
    kept_back: isKeptBack(update) ?? null,
    reason: reasonOf(update, explanations),
    requires_reboot: asksForReboot(update.name),
  };
}

/** The reading half of the apt adapter. */
export function createAptInventory(
  context: AptContext,
  reader: AptReader,
  database: DatabaseWatch,
): PackageInventory {
  return {
    name: 'apt',
    async listPackages() {
      const { installed, pending } = await reader.reading();
      const updates = pending && byPackage(pending.updates);
      return installed.map((one) => toPackage(one, updates));
    },
    async findPackage(name) {
      const { installed, pending } = await reader.reading();
      const own = installed.find((one) => isNamed(one, name));
      const listed = own && toPackage(own, pending && byPackage(pending.updates));
      return readDetail(context, name, listed);
    },
    async listPatches({ explain } = { explain: false }) {
      const { pending, updates, listedAtMs } = await reader.snapshot({ offered: explain });
      const explanations = explain ? await reader.explanations() : new Map<string, string>();
      const hiddenSecurity = pending.hiddenSecurity.map((one) => ({
        name: one.aptName,
        current_version: one.currentVersion,
        security_version: one.version,
      }));
      return { patches: updates.map((one) => toPatch(one, explanations)), hiddenSecurity, listedAtMs };
    },
    sources: () => reader.sources(),
    compareVersions: compareDebianVersions,
    rebootRequired: () => readRebootState(context),
    isDatabaseClean: async () => describeFaults(await database.faults()) === undefined,
  };
}
