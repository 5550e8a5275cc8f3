import { PatchError } from '@linux-patch/contract';
import { askedRollback } from '../package-interface/asked.ts';
import type { AskedChange } from '../package-interface/change-policy.ts';
import type { LeftOut } from '../package-interface/left-out.ts';
import type {
  OperationOutcome,
  OperationRun,
  RollbackWish,
  VersionTarget,
} from '../package-interface/package-operations.ts';
import type { RollbackTarget } from '../package-interface/recorded-changes.ts';
import type { PackageHost } from './doors.ts';
import type { NamedChange } from './installation.ts';
import { waitForLock } from './locks.ts';
import type { Installed } from './package-facts.ts';
import { requireApproved, requirePlan } from './plan-check.ts';
import type { PlanMemory } from './plan-memory.ts';
import { runChange } from './runner.ts';
import type { Wish } from './wishes.ts';

/** A version that is not to be had, and what there is instead, newest first. */
interface Unavailable {
  readonly target: VersionTarget;
  readonly current: string | null;
  readonly available: readonly string[];
}

type BringTarget = RollbackTarget & VersionTarget;

/** What takes a job back, and what of it is not to be had any more. */
export interface Rollback {
  /** Undefined when everything is as it was before the job. */
  readonly named: NamedChange | undefined;
  readonly unavailable: readonly Unavailable[];
  readonly asked: AskedChange;
  /** What is not as it was before the job. */
  readonly due: readonly RollbackTarget[];
}

/**
 * Finds out what is to be done so that packages are as they were before a job.
 * @throws PatchError as `RecordedChanges`
 */
export async function prepareRollback(host: PackageHost, wish: RollbackWish): Promise<Rollback> {
  const targets = await host.recorded(wish.job);
  const installed = await host.adapter.reading.installed();
  const due = targets.flatMap((one) => dueNow(host, one, installed));
  const bring = due.filter(hasVersion);
  const unavailable = await findUnavailable(host, bring, installed);
  const asked = askedRollback(due, wish);
  if (due.length === 0 || unavailable.length > 0) return { named: undefined, unavailable, asked, due };
  const change = {
    kind: 'versions' as const,
    bring: bring.map(({ name, version }) => ({ name, version })),
    remove: due.filter((one) => one.version === null).map((one) => one.name),
    older: due.some((one) => one.move === 'downgrade'),
    allowRemovals: wish.allowRemovals,
  };
  const named: NamedChange = {
    change,
    names: due.map((one) => one.name),
    wishes: due.map(
      ({ name, version }): Wish => ({ name, want: version === null ? 'removed' : { version } }),
    ),
    // What is there keeps the reason for which it is.
    keepMarks: bring.filter((one) => one.move !== 'install').map((one) => one.name),
  };
  return { named, unavailable, asked, due };
}

function hasVersion(one: RollbackTarget): one is BringTarget {
  return one.version !== null;
}

/** The target as it is to be reached from what is there now; none when it is reached. */
function dueNow(
  { adapter: { rules } }: PackageHost,
  target: RollbackTarget,
  installed: readonly Installed[],
): RollbackTarget[] {
  const { name, version } = target;
  const own = installed.filter((one) => rules.isNamed(one, name));
  const newest = own
    .map((one) => one.version)
    .sort((a, b) => rules.compareVersions(a, b))
    .at(-1);
  if (version === null) return newest === undefined ? [] : [{ ...target, move: 'remove' }];
  if (newest === undefined) return [{ ...target, move: 'install' }];
  if (own.some((one) => one.version === version)) return [];
  return [{ ...target, move: rules.compareVersions(newest, version) > 0 ? 'downgrade' : 'upgrade' }];
}

async function findUnavailable(
  { adapter }: PackageHost,
  bring: readonly VersionTarget[],
  installed: readonly Installed[],
): Promise<Unavailable[]> {
  if (bring.length === 0) return [];
  const { changing, rules } = adapter;
  const known = await changing.available(bring.map(({ name, version }) => ({ name, version })));
  return bring.flatMap((target) => {
    const available = known.get(target.name) ?? [];
    if (available.includes(target.version)) return [];
    const current = installed.find((one) => rules.isNamed(one, target.name))?.version ?? null;
    return [{ target, current, available }];
  });
}

/** What a plan says of versions that are not to be had. */
export function leftUnavailable(unavailable: readonly Unavailable[]): LeftOut[] {
  return unavailable.map(({ target, current, available }) => ({
    name: target.name,
    current,
    version: target.version,
    security: false,
    asked: true,
    why: 'unavailable',
    reason: `it is not to be had any more (${describeRest(available)})`,
    code: 'VERSION_NOT_AVAILABLE',
  }));
}

/** Versions that one clause names. */
const VERSION_LIMIT = 5;

function describeRest(available: readonly string[]): string {
  if (available.length === 0) return 'there is none at all';
  const more = available.length > VERSION_LIMIT ? ` and ${available.length - VERSION_LIMIT} more` : '';
  return `there is ${available.slice(0, VERSION_LIMIT).join(', ')}${more}`;
}

/** Packages that one sentence names; the details of the error have them all. */
const NAMED_LIMIT = 20;

function unavailableError(
  { adapter: { words } }: PackageHost,
  unavailable: readonly Unavailable[],
): PatchError {
  const named = unavailable
    .slice(0, NAMED_LIMIT)
    .map(({ target, available }) => `${target.name} ${target.version} (${describeRest(available)})`);
  const more = unavailable.length > NAMED_LIMIT ? `; and ${unavailable.length - NAMED_LIMIT} more` : '';
  return new PatchError(
    'VERSION_NOT_AVAILABLE',
    `Nothing was changed, because a rollback takes all of these or none, and they are not to be had any more: ${named.join('; ')}${more}. ` +
      `Add a source that still has them (${words.sourceFiles}), or change what is left package by package.`,
    {
      details: {
        unavailable: unavailable.map(({ target: { name, version }, available }) => ({
          name,
          version,
          available,
        })),
      },
    },
  );
}

/**
 * Brings packages to the versions that they had before a job, all of them or none.
 * @throws PatchError `VERSION_NOT_AVAILABLE` with `details.unavailable`; as `requireApproved` and `judgeChange`
 */
export async function rollBack(
  host: PackageHost,
  memory: PlanMemory,
  { wish, run }: { readonly wish: RollbackWish; readonly run: OperationRun },
): Promise<OperationOutcome> {
  // What somebody else changes meanwhile may be what is due.
  await waitForLock(host, run);
  const { named, unavailable, asked } = await prepareRollback(host, wish);
  if (unavailable.length > 0) throw unavailableError(host, unavailable);
  if (!named) {
    requirePlan(memory, [], wish);
    return { results: [], exitCode: null };
  }
  const { change, names, wishes, keepMarks } = named;
  return runChange(
    host,
    {
      tool: await host.adapter.changing.tool(change),
      wishes,
      keepMarks,
      approve: (installed) =>
        requireApproved(host, memory, {
          change,
          names,
          permission: wish,
          asked,
          installed,
          signal: run.signal,
        }),
    },
    run,
  );
}
