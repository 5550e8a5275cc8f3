import { PatchError } from '@linux-patch/contract';
import type { InstalledPackage } from './installed.ts';
import type { KnownVersion, PackagePolicy } from './policy.ts';
import type { AptSource } from './sources.ts';

/** A pending update: apt's candidate is newer than what is installed. */
export interface PendingUpdate {
  readonly name: string;
  /** The name as apt takes it: with `:architecture` when it is not the host's own. */
  readonly aptName: string;
  readonly architecture: string;
  readonly currentVersion: string;
  readonly newVersion: string;
  /** `Label:Suite` of every source that has the new version, security archives first. */
  readonly origins: readonly string[];
  readonly held: boolean;
  /** The share of machines that get it for now. */
  readonly phasedPercent: number | undefined;
  /** Published for a share of machines that this host is not part of yet. */
  readonly phased: boolean;
  /** Whether an ordinary upgrade brings it in; undefined while nobody asked, and when apt cannot say. */
  readonly offered: boolean | undefined;
  /** Whether it mends a security fault, perhaps one that was mended in a version before the new one. */
  readonly security: boolean;
  /** The newest version from a security archive, not above the new one: what "security only" installs. */
  readonly securityVersion: string | undefined;
  /** Whether `security: false` means anything: sources without a security archive of their own do not say it. */
  readonly securityKnown: boolean;
  readonly description: string;
}

/** A security update that apt does not want, because a pin or a default release prefers an older version. */
export interface HiddenSecurity {
  readonly aptName: string;
  readonly currentVersion: string;
  readonly version: string;
}

/** The name by which apt prints and takes an installed package. */
function findPolicy(
  one: InstalledPackage,
  policy: ReadonlyMap<string, PackagePolicy>,
): readonly [aptName: string, known: PackagePolicy] | undefined {
  for (const name of [`${one.name}:${one.architecture}`, one.name]) {
    const known = policy.get(name);
    if (known) return [name, known];
  }
  return undefined;
}

/** The block that apt installs: of several with one version the one with the highest priority, then the first. */
function candidateIndex({ candidate, versions }: PackagePolicy): number {
  let best = -1;
  for (const [index, one] of versions.entries()) {
    if (one.version === candidate && one.priority > (versions[best]?.priority ?? -Infinity)) best = index;
  }
  return best;
}

/** What the lists say about one installed package. The table is in apt's own order: a block further up is newer. */
class Reading {
  readonly #sources: ReadonlyMap<string, AptSource>;
  readonly #securedOrigins: ReadonlySet<string | undefined>;

  constructor(sources: readonly AptSource[]) {
    this.#sources = new Map(sources.flatMap((one) => one.lists.map((list) => [list, one] as const)));
    this.#securedOrigins = new Set(sources.filter((one) => one.security).map((one) => one.origin));
  }

  isSecurity(one: KnownVersion): boolean {
    return this.sourcesOf(one).some((source) => source.security);
  }

  /** A source says what is no security update only where its owner has a security archive as well. */
  isSecurityKnown(one: KnownVersion): boolean {
    return this.sourcesOf(one).some((source) => this.#securedOrigins.has(source.origin));
  }

  origins(one: KnownVersion): string[] {
    const sources = this.sourcesOf(one).toSorted((a, b) => Number(b.security) - Number(a.security));
    return [...new Set(sources.map(originOf))];
  }

  sourcesOf(one: KnownVersion): AptSource[] {
    return one.lists.flatMap((list) => this.#sources.get(list) ?? []);
  }
}

/** `Label:Suite`, as apt names a source in its own output. */
function originOf({ label, suite, codename, uri }: AptSource): string {
  const where = suite ?? codename;
  return label === undefined && where === undefined ? uri : [label ?? uri, where].filter(Boolean).join(':');
}

function updateOf(
  one: InstalledPackage,
  aptName: string,
  versions: readonly [above: readonly KnownVersion[], candidate: KnownVersion],
  reading: Reading,
): PendingUpdate {
  const [above, candidate] = versions;
  const securityVersion = above.find((known) => known.priority >= 0 && reading.isSecurity(known))?.version;
  return {
    name: one.name,
    aptName,
    architecture: one.architecture,
    currentVersion: one.version,
    newVersion: candidate.version,
    origins: reading.origins(candidate),
    held: one.held,
    phasedPercent: candidate.phasedPercent,
    phased: false,
    offered: undefined,
    security: securityVersion !== undefined,
    securityVersion,
    securityKnown: securityVersion !== undefined || reading.isSecurityKnown(candidate),
    description: one.description,
  };
}

/** What could be newer, held and phased updates included, and the security updates that the host's own settings hide. */
export interface Pending {
  readonly updates: readonly PendingUpdate[];
  readonly hiddenSecurity: readonly HiddenSecurity[];
}

/**
 * Pending updates by what apt knows of each installed package.
 * @throws PatchError `PKG_MANAGER_ERROR` when apt says nothing about one of them: fewer updates than there are is worse
 *   than none.
 */
export function findPending(facts: {
  readonly installed: readonly InstalledPackage[];
  readonly policy: ReadonlyMap<string, PackagePolicy>;
  readonly sources: readonly AptSource[];
}): Pending {
  const reading = new Reading(facts.sources);
  const updates: PendingUpdate[] = [];
  const hiddenSecurity: HiddenSecurity[] = [];
  for (const one of facts.installed) {
    const [aptName, known] = findPolicy(one, facts.policy) ?? refuseSilence(one);
    const { versions } = known;
    const installedAt = versions.findIndex((block) => block.installed);
    const candidateAt = candidateIndex(known);
    const candidate = versions[candidateAt];
    if (candidate && candidateAt < installedAt)
      updates.push(updateOf(one, aptName, [versions.slice(candidateAt, installedAt), candidate], reading));
    const above = versions.slice(0, Math.min(installedAt, candidateAt < 0 ? installedAt : candidateAt));
    const hidden = above.find((block) => reading.isSecurity(block));
    if (hidden) hiddenSecurity.push({ aptName, currentVersion: one.version, version: hidden.version });
  }
  return { updates: updates.sort((a, b) => (a.aptName < b.aptName ? -1 : 1)), hiddenSecurity };
}

function refuseSilence(one: InstalledPackage): never {
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `apt-cache policy says nothing about ${one.name}:${one.architecture}, which dpkg has installed.`,
  );
}

/**
 * Completes updates with what an ordinary upgrade would take (`undefined`: apt cannot say). apt draws by itself which
 * machines get a phased update; what it leaves, this host is not part of yet.
 */
export function withOffered(
  updates: readonly PendingUpdate[],
  offered: ReadonlySet<string> | undefined,
): PendingUpdate[] {
  return updates.map((one) => ({
    ...one,
    offered: offered?.has(one.aptName),
    phased: one.phasedPercent !== undefined && !one.held && !(offered?.has(one.aptName) ?? false),
  }));
}
