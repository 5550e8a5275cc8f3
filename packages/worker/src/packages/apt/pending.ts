import { PatchError } from '@linux-patch/contract';
import type { HiddenSecurity, Installed, Pending, Source, Update } from '../package-facts.ts';
import type { KnownVersion, PackagePolicy } from './policy.ts';

/** The name by which apt prints and takes an installed package. */
function findPolicy(
  one: Installed,
  policy: ReadonlyMap<string, PackagePolicy>,
): readonly [id: string, known: PackagePolicy] | undefined {
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
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #securedOrigins: ReadonlySet<string | undefined>;

  constructor(sources: readonly Source[]) {
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

  sourcesOf(one: KnownVersion): Source[] {
    return one.lists.flatMap((list) => this.#sources.get(list) ?? []);
  }
}

/** `Label:Suite`, as apt names a source in its own output. */
function originOf({ label, suite, codename, uri }: Source): string {
  const where = suite ?? codename;
  return label === undefined && where === undefined ? uri : [label ?? uri, where].filter(Boolean).join(':');
}

function updateOf(
  one: Installed,
  id: string,
  versions: readonly [above: readonly KnownVersion[], candidate: KnownVersion],
  reading: Reading,
): Update {
  const [above, candidate] = versions;
  const securityVersion = above.find((known) => known.priority >= 0 && reading.isSecurity(known))?.version;
  return {
    name: one.name,
    id,
    architecture: one.architecture,
    currentVersion: one.version,
    newVersion: candidate.version,
    source: one.source,
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

/**
 * Pending updates by what apt knows of each installed package.
 * @throws PatchError `PKG_MANAGER_ERROR` when apt says nothing about one of them, or not all: fewer updates than there are is worse
 *   than none.
 */
export function findPending(facts: {
  readonly installed: readonly Installed[];
  readonly policy: ReadonlyMap<string, PackagePolicy>;
  readonly sources: readonly Source[];
}): Pending {
  const reading = new Reading(facts.sources);
  const updates: Update[] = [];
  const hiddenSecurity: HiddenSecurity[] = [];
  for (const one of facts.installed) {
    const [id, known] = findPolicy(one, facts.policy) ?? refuseSilence(one);
    const { versions } = known;
    const installedAt = versions.findIndex((block) => block.installed);
    const candidateAt = candidateIndex(known);
    const candidate = versions[candidateAt];
    const isWhole = installedAt >= 0 && (candidate !== undefined || known.candidate === undefined);
    if (!isWhole && !one.broken) refuseSilence(one);
    if (candidate && candidateAt < installedAt)
      updates.push(updateOf(one, id, [versions.slice(candidateAt, installedAt), candidate], reading));
    const above = versions.slice(0, Math.min(installedAt, candidateAt < 0 ? installedAt : candidateAt));
    const hidden = above.find((block) => reading.isSecurity(block));
    if (hidden)
      hiddenSecurity.push({ name: one.name, id, currentVersion: one.version, version: hidden.version });
  }
  return { updates: updates.sort((a, b) => (a.id < b.id ? -1 : 1)), hiddenSecurity };
}

function refuseSilence(one: Installed): never {
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `apt-cache policy does not say which versions there are of ${one.name}:${one.architecture}, which dpkg has installed.`,
  );
}
