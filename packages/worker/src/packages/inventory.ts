import { type Package, type Patch, SEVERITIES } from '@linux-patch/contract';
import type { PackageInventory } from '../package-interface/package-inventory.ts';
import type { PackagePlans } from '../package-interface/package-plans.ts';
import type { PackageAdapter } from './adapter.ts';
import { isKeptBack } from './kept-back.ts';
import type { Installed, Update } from './package-facts.ts';
import type { PackageReader } from './snapshot.ts';

/** What the contract lets a reason be. */
const REASON_LIMIT = 4_096;

/** Updates by the package that they belong to; of several architectures each has its own. */
function byPackage(updates: readonly Update[]): ReadonlyMap<string, Update> {
  return new Map(updates.map((one) => [keyOf(one), one]));
}

function keyOf({ name, architecture }: { readonly name: string; readonly architecture: string }): string {
  return `${name}:${architecture}`;
}

/** @param pending undefined when it is not known what waits. */
function toPackage(one: Installed, pending: ReadonlyMap<string, Update> | undefined): Package {
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
    source_name: one.source?.name ?? null,
    source_version: one.source?.version ?? null,
    security: update?.security ?? false,
    security_known: pending !== undefined && (update?.securityKnown ?? true),
    cve_ids: update ? cveIdsOf(update) : [],
  };
}

/** The worst that an advisory says; a name is no evidence. */
function worstOf({ advisories = [] }: Update): Patch['severity'] {
  return SEVERITIES.find((word) => advisories.some((one) => one.severity === word)) ?? 'unknown';
}

function cveIdsOf({ advisories = [] }: Update): string[] {
  return [...new Set(advisories.flatMap((one) => one.cveIds))];
}

/** Why it would stay; null when nothing is known against it. */
function reasonOf(update: Update, explanations: ReadonlyMap<string, string>, unhold: string): string | null {
  if (update.held) return `it is held on this host; ${unhold} lets it in`;
  if (update.phased)
    return `it is given to ${update.phasedPercent} % of machines for now, of which this host is none`;
  return explanations.get(update.id)?.slice(0, REASON_LIMIT) ?? null;
}

function toPatch(
  update: Update,
  explanations: ReadonlyMap<string, string>,
  { reading, words }: PackageAdapter,
): Patch {
  return {
    name: update.name,
    current_version: update.currentVersion,
    available_version: update.newVersion,
    source_name: update.source?.name ?? null,
    source_version: update.source?.version ?? null,
    severity: worstOf(update),
    description: update.description,
    cve_ids: cveIdsOf(update),
    advisories: (update.advisories ?? []).map((one) => one.id),
    security: update.security,
    security_known: update.securityKnown,
    security_version: update.securityVersion ?? null,
    origin: update.origins[0] ?? null,
    held: update.held,
    phased: update.phased,
    kept_back: isKeptBack(update) ?? null,
    reason: reasonOf(update, explanations, words.unhold),
    requires_reboot: reading.asksForReboot(update.name),
  };
}

/** The reading half of the host's package manager. */
export function createPackageInventory(
  adapter: PackageAdapter,
  {
    reader,
    plans,
    isClean,
  }: {
    readonly reader: PackageReader;
    readonly plans: PackagePlans;
    readonly isClean: PackageInventory['isDatabaseClean'];
  },
): PackageInventory {
  const { rules, reading } = adapter;
  const listPackages = async (): Promise<Package[]> => {
    const { installed, pending } = await reader.reading();
    const updates = pending && byPackage(pending.updates);
    return installed.map((one) => toPackage(one, updates));
  };
  return {
    name: adapter.name,
    plans,
    revision: () => reader.revision(),
    listPackages,
    async findPackage(name, listed) {
      const known = listed ?? (await listPackages());
      return reading.detail(
        name,
        known.find((one) => rules.isNamed(one, name)),
      );
    },
    async listPatches({ explain } = { explain: false }) {
      const { pending, updates, listedAtMs } = await reader.snapshot({ offered: explain });
      const explanations = explain ? await reader.explanations() : new Map<string, string>();
      const hiddenSecurity = pending.hiddenSecurity.map((one) => ({
        name: one.id,
        current_version: one.currentVersion,
        security_version: one.version,
      }));
      return {
        patches: updates.map((one) => toPatch(one, explanations, adapter)),
        hiddenSecurity,
        listedAtMs,
      };
    },
    sources: () => reader.sources(),
    compareVersions: (a, b) => rules.compareVersions(a, b),
    rebootRequired: async () => reading.rebootState(await reading.installed()),
    isDatabaseClean: isClean,
  };
}
