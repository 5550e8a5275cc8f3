import {
  mayGetOlder,
  type PackageChange,
  type Refusal,
  type Simulated,
  type Simulation,
} from '../adapter.ts';
import { qualifiedName } from '../rpm/names.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import { type PlanAnswer, PlanAnswer as PlanSchema } from './answers.ts';
import { type DnfChange, dnfChange } from './change.ts';
import type { DnfDoors } from './doors.ts';
import type { DnfGeneration } from './generation.ts';
import { readInstalled } from './installed.ts';

/** Reasons that one clause names, and the longest clause. */
const REASON_LIMIT = 4;
const CLAUSE_CHARACTERS = 1_000;

/**
 * What dnf would do, or why it would not.
 * @throws PatchError when dnf was stopped or cannot say, and for what it cannot do at all
 */
export async function simulateChange(
  { doors, tools }: Pick<DnfGeneration, 'doors' | 'tools'>,
  change: PackageChange,
  { untrusted, signal }: { readonly untrusted: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<Simulation> {
  const asked = dnfChange(change);
  const planFor = (question: DnfChange) =>
    doors.ask({ op: 'plan', ...question }, { answer: PlanSchema, signal });
  const answer = await planFor(asked);
  const refusal =
    refusalOf(answer) ??
    untrustedRefusal(answer, untrusted) ??
    (tools.inTwoRuns(asked) ? firstRunRefusal(await planFor({ ...asked, remove: [] }), answer) : undefined);
  if (refusal) return { refusal };
  const packages = readPlan(answer);
  const older = await olderRefusal(doors, change, packages);
  return older ? { refusal: older } : { refusal: undefined, packages };
}

/** What would be there afterwards, and what would be gone. */
function readPlan({ coming, going }: PlanAnswer): Simulated[] {
  const places = new Set(coming.map(({ name, arch }) => `${name}.${arch}`));
  const gone = going.filter(({ name, arch }) => !places.has(`${name}.${arch}`));
  return [
    ...coming.map(({ name, arch, version }) => ({ name, architecture: arch, version, purge: false })),
    ...gone.map(({ name, arch }) => ({ name, architecture: arch, version: null, purge: false })),
  ];
}

/** Why dnf refuses, in its own words. */
export function refusalOf({ refusal }: Pick<PlanAnswer, 'refusal'>): Refusal | undefined {
  if (refusal === null) return undefined;
  const lines = refusal
    .split('\n')
    .map((line) => line.trim().replace(/^(?:Problem(?: \d+)?: |- )/, ''))
    .filter((line) => line !== '');
  const reason = lines.slice(0, REASON_LIMIT).join('; ').slice(0, CLAUSE_CHARACTERS) || 'dnf gives no reason';
  return { code: 'DEPENDENCY_CONFLICT', why: 'unsatisfiable', reason };
}

/** What the first of two runs does is part of what both do. */
function firstRunRefusal(first: PlanAnswer, both: PlanAnswer): Refusal | undefined {
  const planned = new Set(both.going.map(({ name, arch }) => `${name}.${arch}`));
  const more = first.going.filter(({ name, arch }) => !planned.has(`${name}.${arch}`));
  if (more.length === 0) return refusalOf(first);
  const names = more.map(({ name }) => name).join(', ');
  return { code: 'DEPENDENCY_CONFLICT', why: 'refused', reason: `${names} would be removed on the way` };
}

function untrustedRefusal({ coming }: PlanAnswer, untrusted: ReadonlySet<string>): Refusal | undefined {
  const found = coming
    .filter(({ name }) => untrusted.has(name))
    .map(({ name, version }) => `${name} ${version}`);
  if (found.length === 0) return undefined;
  return {
    code: 'GPG_ERROR',
    why: 'untrusted',
    reason: `${found.join(', ')} has no signature that dnf trusts`,
  };
}

/** dnf gives an older version to whoever names one; here that needs a permission. */
async function olderRefusal(
  doors: DnfDoors,
  change: PackageChange,
  packages: readonly Simulated[],
): Promise<Refusal | undefined> {
  if (change.kind === 'remove' || mayGetOlder(change)) return undefined;
  const installed = await readInstalled(doors);
  const older = packages.filter(({ name, architecture, version }) => {
    const own = installed.findLast((one) => one.name === name && one.architecture === architecture);
    return own && version !== null && compareRpmVersions(version, own.version) < 0;
  });
  if (older.length === 0) return undefined;
  const names = older.map(qualifiedName).join(', ');
  return { code: 'DEPENDENCY_CONFLICT', why: 'refused', reason: `${names} would get an older version` };
}
