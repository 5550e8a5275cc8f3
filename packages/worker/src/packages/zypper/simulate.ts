import { PatchError } from '@linux-patch/contract';
import {
  mayGetOlder,
  type PackageChange,
  type Refusal,
  type Simulated,
  type Simulation,
} from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import type { Installed } from '../package-facts.ts';
import { dottedName, qualifiedName, RPM_RULES } from '../rpm/names.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import { askZypper, type ZypperAnswer } from './ask.ts';
import { fileConflictsOf, messagesOf, problemsOf } from './failure.ts';
import { readInstalled } from './installed.ts';
import { changeArguments } from './tools.ts';
import { elementsOf, type XmlElement } from './xml.ts';

/** How zypper ends when its solver finds no way, when two packages have one file, and when a name or version is not to be had. */
const [UNSOLVED, NOT_BEGUN, NOT_FOUND] = [4, 8, 104];
/** Reasons that one clause names, and the longest clause. */
const REASON_LIMIT = 4;
const CLAUSE_CHARACTERS = 1_000;

/**
 * What zypper would do, or why it would not.
 * @throws PatchError when zypper was stopped or cannot say, and for what it cannot do at all
 */
export async function simulateChange(
  doors: PackageDoors,
  change: PackageChange,
  { untrusted, signal }: { readonly untrusted: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<Simulation> {
  const [command = '', ...args] = changeArguments(change);
  const answer = await askZypper(doors, [command, '--dry-run', ...args], {
    accept: [UNSOLVED, NOT_BEGUN, NOT_FOUND],
    signal,
  });
  const refusal = refusalOf(answer);
  if (refusal) return { refusal };
  const packages = readPlan(answer.answer);
  const installed = await readInstalled(doors);
  const own =
    untrustedRefusal(packages, untrusted) ??
    keptRefusal(change, packages) ??
    olderRefusal(change, packages, installed);
  return own ? { refusal: own } : { refusal: undefined, packages };
}

/**
 * Why zypper refuses, in its own words. Files of packages can be compared only when they are downloaded already.
 * @throws PatchError `PKG_MANAGER_ERROR` for an end that is no refusal
 */
export function refusalOf({ exitCode, answer }: ZypperAnswer): Refusal | undefined {
  if (![UNSOLVED, NOT_BEGUN, NOT_FOUND].includes(exitCode)) return undefined;
  const conflicts = [...problemsOf(answer), ...fileConflictsOf(answer)];
  if (exitCode === NOT_BEGUN && conflicts.length === 0)
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `zypper did not say what it would do (exit ${exitCode}): ${messagesOf(answer, ['error']).join(' ')}`,
    );
  const problems = conflicts.length > 0 ? conflicts : messagesOf(answer, ['error']);
  const locked = /remove lock to allow/.test(
    elementsOf(answer, 'description')
      .map((one) => one.text)
      .join(),
  );
  const said = [...new Set(problems)].slice(0, REASON_LIMIT).join('; ');
  const reason = `${said || 'zypper gives no reason'}${locked ? '; a lock keeps it as it is (zypper locks)' : ''}`;
  return { code: 'DEPENDENCY_CONFLICT', why: 'unsatisfiable', reason: reason.slice(0, CLAUSE_CHARACTERS) };
}

/** Groups of the summary that bring a package in, and the one that takes it away. */
const COMING =
  /^to-(?:upgrade|install|downgrade|reinstall|change-arch|upgrade-change-arch|downgrade-change-arch)$/;
const GOING = 'to-remove';

/**
 * What would be there afterwards, and what would be gone.
 * @throws PatchError `PKG_MANAGER_ERROR` for a summary that is missing or has a group that is not known
 */
export function readPlan(answer: XmlElement): Simulated[] {
  const summary = elementsOf(answer, 'install-summary')[0];
  if (!summary && !messagesOf(answer, ['info']).includes('Nothing to do.'))
    throw new PatchError('PKG_MANAGER_ERROR', 'zypper did not say what it would do.');
  const groups = summary?.children ?? [];
  const strange = groups.find(
    (one) => one.name !== GOING && !COMING.test(one.name) && packagesOf(one).length > 0,
  );
  if (strange)
    throw new PatchError('PKG_MANAGER_ERROR', `zypper would do what is not known here: ${strange.name}.`);
  const coming = groups.filter((one) => COMING.test(one.name)).flatMap(packagesOf);
  const places = new Set(coming.map(qualifiedName));
  const going = groups.filter((one) => one.name === GOING).flatMap(packagesOf);
  return [
    ...coming,
    ...going.filter((one) => !places.has(qualifiedName(one))).map((one) => ({ ...one, version: null })),
  ];
}

function packagesOf(group: XmlElement): Simulated[] {
  return elementsOf(group, 'solvable')
    .filter((one) => one.attributes.get('type') === 'package')
    .map((one) => ({
      name: one.attributes.get('name') ?? '',
      architecture: one.attributes.get('arch') ?? '',
      version: one.attributes.get('edition') ?? '',
      purge: false,
    }));
}

function refused(reason: string): Refusal {
  return { code: 'DEPENDENCY_CONFLICT', why: 'refused', reason };
}

function untrustedRefusal(
  packages: readonly Simulated[],
  untrusted: ReadonlySet<string>,
): Refusal | undefined {
  const found = packages.filter(({ name, version }) => version !== null && untrusted.has(name));
  if (found.length === 0) return undefined;
  const names = found.map(({ name, version }) => `${name} ${version}`).join(', ');
  return { code: 'GPG_ERROR', why: 'untrusted', reason: `${names} has no signature that zypper trusts` };
}

/** zypper takes what others need along, whoever wanted it to stay. */
function keptRefusal(change: PackageChange, packages: readonly Simulated[]): Refusal | undefined {
  if (change.kind !== 'update') return undefined;
  const moved = change.kept.filter(({ id }) =>
    packages.some((one) => one.version !== null && RPM_RULES.isNamed(one, dottedName(id))),
  );
  if (moved.length === 0) return undefined;
  return refused(`${moved.map((one) => one.id).join(', ')} would have to be updated as well`);
}

/** zypper passes over an older version that was not allowed, and ends well. */
function olderRefusal(
  change: PackageChange,
  packages: readonly Simulated[],
  installed: readonly Installed[],
): Refusal | undefined {
  if (change.kind === 'remove' || mayGetOlder(change)) return undefined;
  const wanted = change.kind === 'install' ? change.packages : [];
  const coming = packages.map((one) => ({ name: qualifiedName(one), version: one.version }));
  const older = [...wanted, ...coming].filter(({ name, version }) => {
    const own = installed.findLast((one) => RPM_RULES.isNamed(one, name));
    return own && typeof version === 'string' && compareRpmVersions(version, own.version) < 0;
  });
  if (older.length === 0) return undefined;
  return refused(`${older.map((one) => one.name).join(', ')} would get an older version`);
}
