import { createHash } from 'node:crypto';
import { compareText, type FleetAct, PatchError, type StartAct } from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import { type Acting, requireStill } from '../audit/acting.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { textList } from '../database/dialect.ts';
import type { ActRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { type JobOrder, operationOf } from '../host-jobs/order.ts';
import { addWaiting, forgetJobs } from '../host-jobs/store.ts';
import { type Rights, reachOf } from '../reach/reach.ts';
import { requireWithin, within } from '../reach/within.ts';
import { viewAct } from './read-acts.ts';

export interface ActContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uuid'>;
}

/** Who asks for an act, or stops one. */
export type Asker = Acting & Rights;

/** Hosts that a record or a refusal names. */
const NAMED_TOGETHER = 100;
const NAMED_IN_REFUSAL = 20;

/** What each host is asked for. */
function orderOf({ security_only: securityOnly }: StartAct): JobOrder {
  return { route: 'applyPatches', body: { all: true, ...(securityOnly ? { security_only: true } : {}) } };
}

/** The same for the same wish, in whatever order it names its hosts. */
function hashOf({ operation, security_only = false, hosts, search }: StartAct): string {
  const wish = [operation, security_only, search ?? null, hosts.toSorted(compareText)];
  return createHash('sha256').update(JSON.stringify(wish)).digest('hex');
}

/**
 * Writes down what is asked of many hosts: for all of them, or for none. One key of a caller is one act.
 * @throws PatchError `HOST_NOT_FOUND` when one of the hosts is not there for the caller, or left; `FORBIDDEN`, `IDEMPOTENCY_CONFLICT`
 */
export function startAct(
  { db, audit, clock, random }: ActContext,
  wish: StartAct,
  { actor, key = random.uuid() }: { readonly actor: Asker; readonly key: string | undefined },
): Promise<FleetAct> {
  const order = orderOf(wish);
  const row: ActRow = {
    id: random.uuid(),
    key,
    wish_hash: hashOf(wish),
    actor: actor.name,
    operation: operationOf(order),
    security_only: wish.security_only ? 1 : 0,
    search: wish.search ?? null,
    asked_at: clock.now(),
    stopped_at: null,
    stopped_by: null,
  };
  return inTransaction(db, async (own) => {
    requireStill(actor);
    const before = await findBefore(own, row);
    if (before) return viewAct(own, before, actor);
    const hosts = await getMeant(own, wish.hosts, actor);
    await requireWithin(own, reachOf(actor, 'hosts:patch'), wish.hosts);
    await record(audit, own, { row, hosts, order });
    await own.insertInto('acts').values(row).execute();
    await addWaiting(own, hosts, { actId: row.id, order, newId: () => random.uuid() });
    await forgetJobs(own, row.asked_at);
    return viewAct(own, row, actor);
  });
}

/** @throws PatchError `IDEMPOTENCY_CONFLICT` */
async function findBefore(own: Database, { actor, key, wish_hash }: ActRow): Promise<ActRow | undefined> {
  const before = await own
    .selectFrom('acts')
    .selectAll()
    .where('actor', '=', actor)
    .where('key', '=', key)
    .executeTakeFirst();
  if (before && before.wish_hash !== wish_hash)
    throw new PatchError(
      'IDEMPOTENCY_CONFLICT',
      'You used this Idempotency-Key for an act on other hosts, or for another one. Nothing was started.',
      { details: { act: before.id } },
    );
  return before;
}

type Meant = Pick<HostRow, 'id' | 'fqdn'>;

/** The hosts with these ids, by name. @throws PatchError `HOST_NOT_FOUND` unless each is one that the caller sees, and has not left */
async function getMeant(own: Database, ids: readonly string[], actor: Asker): Promise<readonly Meant[]> {
  const rows = await own
    .selectFrom('hosts')
    .select(['id', 'fqdn', 'left_at'])
    .where('id', 'in', textList(own, ids))
    .where(within(reachOf(actor, 'hosts:read'), 'hosts.id'))
    .orderBy('fqdn')
    .execute();
  const known = new Set(rows.map(({ id }) => id));
  const missing = ids.filter((id) => !known.has(id));
  const left = rows.filter(({ left_at }) => left_at !== null).map(({ fqdn }) => fqdn);
  if (missing.length === 0 && left.length === 0) return rows;
  const gone = [...left, ...missing];
  const more = gone.length > NAMED_IN_REFUSAL ? ` and ${gone.length - NAMED_IN_REFUSAL} more` : '';
  throw new PatchError(
    'HOST_NOT_FOUND',
    `Of the ${ids.length} hosts that are meant, ${left.length} left and ${missing.length} are not there: ${gone.slice(0, NAMED_IN_REFUSAL).join(', ')}${more}. ` +
      'Nothing was started, on none of them. Look for the hosts again, and ask for it then.',
    { details: { left: left.length, missing: missing.length } },
  );
}

async function record(
  audit: AuditLog,
  own: Database,
  { row, hosts, order }: { readonly row: ActRow; readonly hosts: readonly Meant[]; readonly order: JobOrder },
): Promise<void> {
  const { id: act, actor, search, operation } = row;
  const fields = { act, hosts: hosts.length, search, operation, request: order.body };
  await audit.record(own, { actor, event: 'act_started', fields });
  for (let from = 0; from < hosts.length; from += NAMED_TOGETHER) {
    const named = hosts.slice(from, from + NAMED_TOGETHER).map(({ fqdn }) => fqdn);
    await audit.record(own, { actor, event: 'act_hosts', fields: { act, hosts: named } });
  }
}
