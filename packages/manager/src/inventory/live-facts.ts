import {
  type ApplyRequest,
  type PackageList,
  type PatchList,
  type Plan,
  planApply,
} from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import { doubtOf } from './read-listing.ts';

/** What a host said when it was asked, as far as its record says it as well; what is undefined it did not say. */
export interface LiveFacts {
  /** By which name it calls what it has. */
  readonly revision?: string | undefined;
  /** Whether something about its package lists is in doubt. */
  readonly isInDoubt?: boolean | undefined;
  /** What waits, as `updateKey` names it. */
  readonly waiting?: readonly string[];
  /** Whether nothing else waits. */
  readonly isAll?: boolean;
}

const updateKey = (name: string, version: string): string => `${name} ${version}`;

/** Questions that do not narrow a listing. */
const NARROWS_NOT = ['explain', 'refresh', 'sort'];

/** Of a listing of updates, by what was asked. */
export function factsOfUpdates(list: PatchList, query: URLSearchParams): LiveFacts {
  const { patches, total, hidden_security: hidden = [], revision } = list;
  return {
    revision,
    isInDoubt: doubtOf(list) !== null,
    waiting: [
      ...patches.map((one) => updateKey(one.name, one.available_version)),
      ...hidden.map((one) => updateKey(one.name, one.security_version)),
    ],
    isAll: total === patches.length && [...query.keys()].every((key) => NARROWS_NOT.includes(key)),
  };
}

/** Of a listing of packages. */
export function factsOfPackages({ revision }: PackageList): LiveFacts {
  return { revision };
}

/**
 * Of a plan: it takes what waits, or says why not.
 * @param request undefined where it is about packages that are named
 */
export function factsOfPlan(plan: Plan, request?: ApplyRequest): LiveFacts {
  const { selection, exclude } = planApply(request ?? { packages: [] });
  const steps = plan.steps.filter(({ action }) => action === 'upgrade');
  return {
    isInDoubt: plan.lists && doubtOf(plan) !== null,
    waiting: [...steps, ...plan.left_out].flatMap(({ name, to }) => (to === null ? [] : updateKey(name, to))),
    isAll: selection.kind === 'all' && exclude.length === 0,
  };
}

/** What is on record of a host, of that. */
export interface Kept {
  readonly revision: string | null;
  readonly isInDoubt: boolean;
  /** Whether its last listing failed. */
  readonly isRefused: boolean;
  /** By name and version, with the older version that mends a security fault where there is one. */
  readonly waiting: readonly (readonly [newest: string, fix: string | null])[];
}

/** Undefined where it was never listed. */
export async function readKept(db: Database, hostId: string): Promise<Kept | undefined> {
  const row = await db
    .selectFrom('package_sets')
    .select(['revision', 'doubt', 'list_error'])
    .where('host_id', '=', hostId)
    .where('listed_at', 'is not', null)
    .executeTakeFirst();
  if (!row) return undefined;
  const updates = await db
    .selectFrom('host_updates')
    .innerJoin('package_versions', 'package_versions.id', 'host_updates.candidate_id')
    .select(['name', 'version', 'security_version'])
    .where('host_id', '=', hostId)
    .orderBy('candidate_id')
    .execute();
  return {
    revision: row.revision,
    isInDoubt: row.doubt !== null,
    isRefused: row.list_error !== null,
    waiting: updates.map(({ name, version, security_version: fix }) => [
      updateKey(name, version),
      fix === null ? null : updateKey(name, fix),
    ]),
  };
}

/** Whether a host said something else than is on record of it. */
export function isOtherwise(kept: Kept | undefined, facts: LiveFacts): boolean {
  if (!kept || kept.isRefused) return true;
  const { revision, isInDoubt, waiting = [], isAll = false } = facts;
  if (revision !== undefined && revision !== kept.revision) return true;
  if (isInDoubt !== undefined && isInDoubt !== kept.isInDoubt) return true;
  const known = new Set(kept.waiting.flat());
  if (waiting.some((one) => !known.has(one))) return true;
  const said = new Set(waiting);
  return isAll && kept.waiting.some((versions) => !versions.some((one) => one !== null && said.has(one)));
}
