import { PatchError } from '@linux-patch/contract';
import type { Installed, Pending, Source, Update, UpdateAdvisory } from '../package-facts.ts';
import { qualifiedName } from '../rpm/names.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import { withoutPassword } from '../source-address.ts';
import type { AdvisoryAnswer, ReadAnswer, SourceAnswer, UpdateAnswer } from './answers.ts';

const SECOND_MS = 1_000;

/** What the vendors call them (updateinfo.xml); repositories write them in any case. */
const SEVERITIES: Readonly<Record<string, UpdateAdvisory['severity']>> = {
  critical: 'critical',
  important: 'high',
  moderate: 'medium',
  low: 'low',
};

/** A repository as a source. It stands for a security archive when it says which of its packages mend what. */
export function sourceOf(answer: SourceAnswer): Source {
  const { id, name, url, present, published, fetched, advisories } = answer;
  return {
    id,
    uri: url === '' ? id : withoutPassword(url),
    label: name === '' ? id : name,
    suite: id,
    codename: undefined,
    origin: undefined,
    security: advisories,
    present,
    publishedAtMs: instantOf(published),
    servedAtMs: undefined,
    fetchedAtMs: instantOf(fetched),
    validUntilMs: undefined,
    lists: [id],
  };
}

/** dnf says 0 or less where it does not know. */
function instantOf(seconds: number | null): number | undefined {
  return seconds === null || seconds <= 0 ? undefined : seconds * SECOND_MS;
}

/**
 * Pending updates by what dnf says of this host.
 * @throws PatchError `SERVICE_UNHEALTHY` while an enabled repository was never downloaded: what it has is not known, and
 *   fewer updates than there are is worse than none; `PKG_MANAGER_ERROR` for an update of what is not installed
 */
export function findPending(installed: readonly Installed[], answer: ReadAnswer): Pending {
  refuseMissing(answer.sources);
  const known = new Set(answer.sources.filter((one) => one.advisories).map((one) => one.id));
  const advisories = Map.groupBy(answer.advisories, placeOf);
  const updates = answer.updates.map((one) => {
    const own = installedOf(one, installed);
    return updateOf(one, own, { known, advisories: advisories.get(placeOf(one)) ?? [], installed });
  });
  return { updates: updates.sort((a, b) => (a.id < b.id ? -1 : 1)), hiddenSecurity: [] };
}

function placeOf({ name, arch }: { readonly name: string; readonly arch: string }): string {
  return `${name}.${arch}`;
}

function refuseMissing(sources: readonly SourceAnswer[]): void {
  const missing = sources.filter((one) => !one.present).map((one) => one.id);
  if (missing.length === 0 || missing.length === sources.length) return;
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `Which updates wait is not known: ${missing.join(', ')} ${missing.length === 1 ? 'was' : 'were'} never downloaded. ` +
      'Ask for a refresh, or disable what is not wanted (dnf config-manager --set-disabled).',
  );
}

/** The newest of those that it would replace; its architecture may have changed. */
function installedOf({ name, arch }: UpdateAnswer, installed: readonly Installed[]): Installed {
  const same = installed.filter((one) => one.name === name);
  const own = same.findLast((one) => one.architecture === arch) ?? same.at(-1);
  if (own) return own;
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `dnf names an update of ${name}, which rpm does not have installed.`,
  );
}

interface Known {
  /** Repositories that say which of their packages mend what. */
  readonly known: ReadonlySet<string>;
  readonly advisories: readonly AdvisoryAnswer[];
  readonly installed: readonly Installed[];
}

function updateOf(one: UpdateAnswer, own: Installed, { known, advisories, installed }: Known): Update {
  const mended = advisories.filter(
    (each) =>
      compareRpmVersions(own.version, each.version) < 0 && compareRpmVersions(each.version, one.version) <= 0,
  );
  const secure = mended.filter((each) => each.security);
  const securityVersion = secure
    .map((each) => each.version)
    .sort(compareRpmVersions)
    .at(-1);
  return {
    name: own.name,
    id: isShared(own, installed) ? qualifiedName(own) : own.name,
    architecture: own.architecture,
    currentVersion: own.version,
    newVersion: one.version,
    source: own.source,
    origins: one.repositories,
    held: one.held || own.held,
    phasedPercent: undefined,
    phased: false,
    offered: undefined,
    security: secure.length > 0,
    securityVersion,
    securityKnown: secure.length > 0 || one.repositories.some((id) => known.has(id)),
    description: own.description,
    advisories: mended.map(advisoryOf),
  };
}

/** Whether the name is there for another architecture, too. */
function isShared(own: Installed, installed: readonly Installed[]): boolean {
  return installed.some((one) => one.name === own.name && one.architecture !== own.architecture);
}

function advisoryOf({ id, security, severity, cves }: AdvisoryAnswer): UpdateAdvisory {
  const word = severity.toLowerCase();
  const known = Object.hasOwn(SEVERITIES, word) ? SEVERITIES[word] : undefined;
  return { id, severity: security ? (known ?? 'unknown') : 'unknown', cveIds: cves };
}
