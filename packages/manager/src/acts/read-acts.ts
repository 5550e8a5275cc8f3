import {
  ACT_OPERATIONS,
  ACT_OUTCOMES,
  type ActOutcome,
  type FleetAct,
  type FleetActs,
  isoOf,
  PatchError,
} from '@linux-patch/contract';
import type { ActRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { Page } from '../inventory/fleet-question.ts';
import { type Reach, type Rights, reachOf } from '../reach/reach.ts';
import { within } from '../reach/within.ts';

/** Who looks: they see the hosts that they may see, and an act when one of those is in it. */
type Looking = Rights & { readonly name: string };

function seen(db: Database, sees: Reach) {
  const all = db.selectFrom('acts');
  if (sees === 'everywhere') return all;
  return all.where((where) =>
    where.exists(
      where
        .selectFrom('host_jobs')
        .select('host_jobs.id')
        .whereRef('host_jobs.act_id', '=', 'acts.id')
        .where(within(sees, 'host_jobs.host_id')),
    ),
  );
}

/** @throws PatchError `ACT_NOT_FOUND` */
export async function getAct(db: Database, id: string, looking: Looking): Promise<ActRow> {
  const act = await seen(db, reachOf(looking, 'hosts:read'))
    .selectAll()
    .where('id', '=', id.toLowerCase())
    .executeTakeFirst();
  if (act) return act;
  throw new PatchError(
    'ACT_NOT_FOUND',
    `There is no act ${id}. "linux-patch-manager acts" shows those of the last two years.`,
  );
}

type Counts = Readonly<Record<ActOutcome, number>>;

function outcomeOf(state: string, status: string | null): ActOutcome {
  if (state === 'ended') return status === 'completed' ? 'completed' : 'failed';
  return ACT_OUTCOMES.find((one) => one === state) ?? 'unknown';
}

/** How many hosts of each act are in which state. */
async function countHosts(db: Database, ids: readonly string[], sees: Reach): Promise<Map<string, Counts>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('host_jobs')
    .where('act_id', 'in', ids)
    .where(within(sees, 'host_jobs.host_id'))
    .groupBy(['act_id', 'state', 'status'])
    .select((select) => ['act_id', 'state', 'status', select.fn.countAll<number>().as('number')])
    .execute();
  const none = Object.fromEntries(ACT_OUTCOMES.map((one) => [one, 0])) as Counts;
  const counts = new Map(ids.map((id) => [id, none]));
  for (const { act_id: id, state, status, number } of rows) {
    const before = counts.get(id ?? '');
    const outcome = outcomeOf(state, status);
    if (before) counts.set(id ?? '', { ...before, [outcome]: before[outcome] + Number(number) });
  }
  return counts;
}

async function viewAll(db: Database, acts: readonly ActRow[], looking: Looking): Promise<FleetAct[]> {
  const sees = reachOf(looking, 'hosts:read');
  const counts = await countHosts(
    db,
    acts.map(({ id }) => id),
    sees,
  );
  return acts.flatMap((act) => {
    const of = counts.get(act.id);
    // Of hosts that somebody does not see, a search may have the names.
    const maySeeSearch = sees === 'everywhere' || act.actor === looking.name;
    return of ? [toView({ ...act, search: maySeeSearch ? act.search : null }, of)] : [];
  });
}

function toView(act: ActRow, counts: Counts): FleetAct {
  return {
    id: act.id,
    operation: ACT_OPERATIONS.find((one) => one === act.operation) ?? 'patch_apply',
    security_only: act.security_only !== 0,
    search: act.search,
    actor: act.actor,
    asked_at: new Date(act.asked_at).toISOString(),
    hosts: Object.values(counts).reduce((sum, one) => sum + one, 0),
    counts,
    stopped_at: isoOf(act.stopped_at),
    stopped_by: act.stopped_by,
  };
}

/** An act, as whoever looks sees it. */
export async function viewAct(db: Database, act: ActRow, looking: Looking): Promise<FleetAct> {
  const [view] = await viewAll(db, [act], looking);
  if (view) return view;
  throw new Error('an act without a view');
}

/** What was asked of many hosts, the newest first. */
export async function readActs(db: Database, looking: Looking, { limit, offset }: Page): Promise<FleetActs> {
  const matching = seen(db, reachOf(looking, 'hosts:read'));
  const rows = await matching
    .selectAll()
    .orderBy('asked_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await matching
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return { acts: await viewAll(db, rows, looking), total };
}
