import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import type { Installed, Pending, Source, Update, UpdateAdvisory } from '../package-facts.ts';
import { qualifiedName } from '../rpm/names.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import { askZypper } from './ask.ts';
import { type NeededPatches, type Patch, type PatchedPackage, readNeededPatches } from './patches.ts';
import { elementsOf, listedIn, type XmlElement } from './xml.ts';

/** What vendors call them (updateinfo.xml). */
const SEVERITIES: Readonly<Record<string, UpdateAdvisory['severity']>> = {
  critical: 'critical',
  important: 'high',
  moderate: 'medium',
  medium: 'medium',
  low: 'low',
};

/** A newer version of a package that is installed. */
export interface Newer {
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
  readonly alias: string;
}

/** Reads `zypper list-updates --all`, with what is locked and what cannot be satisfied. */
export function readUpdates(answer: XmlElement): Newer[] {
  return listedIn(answer, 'update-list', 'update')
    .filter((one) => one.attributes.get('kind') === 'package')
    .map((one) => ({
      name: one.attributes.get('name') ?? '',
      architecture: one.attributes.get('arch') ?? '',
      version: one.attributes.get('edition') ?? '',
      alias: elementsOf(one, 'source')[0]?.attributes.get('alias') ?? '',
    }));
}

interface Known {
  readonly installed: readonly Installed[];
  readonly sources: readonly Source[];
}

/**
 * Pending updates by what zypper says of this host.
 * @throws PatchError `SERVICE_UNHEALTHY` while an enabled repository was never downloaded: zypper would go to fetch it, and
 *   what it has is not known
 */
export async function readPending(
  doors: PackageDoors,
  known: { readonly [K in keyof Known]: Promise<Known[K]> },
): Promise<Pending> {
  const sources = await known.sources;
  refuseMissing(sources);
  const none = { patches: new Map(), packages: [] };
  const installed = await known.installed;
  // One after the other: without its lock, two that make its cache of what is installed are in each other's way.
  const updates = readUpdates((await askZypper(doors, ['list-updates', '--all'])).answer);
  const needed = sources.some((one) => one.security) ? await readNeededPatches(doors) : none;
  return findPending({ installed, sources }, updates, needed);
}

function refuseMissing(sources: readonly Source[]): void {
  const missing = sources.filter((one) => !one.present).map((one) => one.suite ?? one.uri);
  if (missing.length === 0 || missing.length === sources.length) return;
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `Which updates wait is not known: ${missing.join(', ')} ${missing.length === 1 ? 'was' : 'were'} never downloaded. ` +
      'Ask for a refresh, or disable what is not wanted (zypper modifyrepo --disable).',
  );
}

/** @throws PatchError `PKG_MANAGER_ERROR` for an update of what is not installed */
export function findPending(
  { installed, sources }: Known,
  updates: readonly Newer[],
  { patches, packages }: NeededPatches,
): Pending {
  const speaking = new Set(sources.filter((one) => one.security).map((one) => one.suite));
  const byName = Map.groupBy(packages, (one) => one.name);
  const found = updates.map((one) => {
    const own = installedOf(one, installed);
    const mends = (byName.get(one.name) ?? []).filter((each) => mendsOn(each, own, one));
    return updateOf(one, own, { speaking, mends, patches, installed });
  });
  return { updates: found.sort((a, b) => (a.id < b.id ? -1 : 1)), hiddenSecurity: [] };
}

/** Whether the way from the installed version to the newer one passes the version that mends. */
function mendsOn(
  { architecture, version }: PatchedPackage,
  own: Installed,
  { version: newer }: Newer,
): boolean {
  if (architecture !== undefined && architecture !== own.architecture) return false;
  return compareRpmVersions(own.version, version) < 0 && compareRpmVersions(version, newer) <= 0;
}

/** The newest of those that it would replace; its architecture may have changed. */
function installedOf({ name, architecture }: Newer, installed: readonly Installed[]): Installed {
  const same = installed.filter((one) => one.name === name);
  const own = same.findLast((one) => one.architecture === architecture) ?? same.at(-1);
  if (own) return own;
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `zypper names an update of "${name.slice(0, 100)}", which rpm does not have installed.`,
  );
}

interface Around {
  /** Repositories that say which of their packages mend what. */
  readonly speaking: ReadonlySet<string | undefined>;
  readonly mends: readonly PatchedPackage[];
  readonly patches: ReadonlyMap<string, Patch>;
  readonly installed: readonly Installed[];
}

function updateOf(one: Newer, own: Installed, { speaking, mends, patches, installed }: Around): Update {
  const isSecurity = ({ id }: PatchedPackage) => patches.get(id)?.security === true;
  const secure = mends.filter(isSecurity).map((each) => each.version);
  const isShared = installed.some((each) => each.name === own.name && each.architecture !== own.architecture);
  return {
    name: own.name,
    id: isShared ? qualifiedName(own) : own.name,
    architecture: own.architecture,
    currentVersion: own.version,
    newVersion: one.version,
    source: own.source,
    origins: [one.alias],
    held: own.held,
    phasedPercent: undefined,
    phased: false,
    offered: undefined,
    security: secure.length > 0,
    securityVersion: secure.sort(compareRpmVersions).at(-1),
    securityKnown: secure.length > 0 || speaking.has(one.alias),
    description: own.description,
    advisories: [...new Set(mends.map((each) => each.id))].flatMap((id) => {
      const patch = patches.get(id);
      return patch ? [advisoryOf(patch)] : [];
    }),
  };
}

function advisoryOf({ id, security, severity, cves }: Patch): UpdateAdvisory {
  const word = severity.toLowerCase();
  const known = Object.hasOwn(SEVERITIES, word) ? SEVERITIES[word] : undefined;
  return { id, severity: security ? (known ?? 'unknown') : 'unknown', cveIds: cves };
}
