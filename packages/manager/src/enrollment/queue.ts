import { PatchError } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { EnrollmentContext } from './context.ts';

const FULL_RETRY_S = 300;

/** Requests of one caller that wait, and all that wait. */
interface Queue {
  readonly all: number;
  readonly own: number;
  /** The caller with the most, when the queue is full. */
  readonly greediest: { readonly caller: string; readonly waiting: number } | undefined;
}

/** Among whose requests one goes: of this caller, or, without one, those whose sender never asked for its answer. */
interface Loser {
  readonly caller?: string;
}

/**
 * Who gives way to one more request; undefined when there is room. One caller has at most half of the queue, so that it
 * never fills it alone. In a full queue the greediest gives way, which may be the caller itself; where nobody has more
 * than one request, only one goes that nobody waits for.
 */
export function whoGivesWay(queue: Queue, caller: string, limit: number): Loser | undefined {
  const { all, own, greediest } = queue;
  if (own >= Math.ceil(limit / 2)) return { caller };
  if (all < limit) return undefined;
  if (!greediest || greediest.waiting <= 1) return {};
  return { caller: own >= greediest.waiting ? caller : greediest.caller };
}

const pendingCount = (db: Database) =>
  db
    .selectFrom('enrollments')
    .select((select) => select.fn.countAll<number>().as('waiting'))
    .where('state', '=', 'pending');

/** Who has the most is read only when it matters, because every row of the queue is looked at for it. */
async function readQueue(db: Database, caller: string, limit: number): Promise<Queue> {
  const { waiting: all } = await pendingCount(db).executeTakeFirstOrThrow();
  const { waiting: own } = await pendingCount(db).where('caller', '=', caller).executeTakeFirstOrThrow();
  if (all < limit) return { all, own, greediest: undefined };
  const greediest = await pendingCount(db)
    .select('caller')
    .groupBy('caller')
    .orderBy('waiting', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { all, own, greediest };
}

/**
 * Makes room in the queue of requests for one more of this caller: of who gives way the oldest goes, and before it those
 * that never asked for their answer.
 *
 * @throws PatchError `RATE_LIMIT_EXCEEDED`
 */
export async function makeRoom(context: EnrollmentContext, db: Database, caller: string): Promise<void> {
  const { maxPending } = context.settings;
  const loser = whoGivesWay(await readQueue(db, caller, maxPending), caller, maxPending);
  if (!loser) return;
  const pending = db
    .selectFrom('enrollments')
    .select(['id', 'fqdn', 'observed_address', 'spki_sha256'])
    .where('state', '=', 'pending');
  const row = await (loser.caller === undefined
    ? pending.where('last_poll_at', 'is', null)
    : pending.where('caller', '=', loser.caller)
  )
    .orderBy((order) => order('last_poll_at', 'is not', null))
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  if (!row) {
    throw new PatchError('RATE_LIMIT_EXCEEDED', 'Too many hosts are waiting for approval; ask again later.', {
      details: { retry_after_seconds: FULL_RETRY_S },
    });
  }
  await db.deleteFrom('enrollments').where('id', '=', row.id).execute();
  await context.audit.record(db, {
    actor: 'manager',
    event: 'enrollment_displaced',
    fields: {
      enrollment: row.id,
      fqdn: row.fqdn,
      observed_address: row.observed_address,
      generation: row.spki_sha256 === null ? 'older' : 'current',
    },
    stranger: row.observed_address,
  });
}
