import type { Database } from '../database/open.ts';
import { inTransaction } from '../database/transactions.ts';
import type { EnrollmentContext } from './context.ts';

/** An agent that waits asks at least every nine minutes, however often it was told to slow down. */
const SILENT_MS = 15 * 60_000;

/** Requests that are silent, each with the newest later one of its name and address that is asked for, or was let in. */
function findSuperseded(db: Database, silentSince: number) {
  return db
    .selectFrom('enrollments as old')
    .innerJoin('enrollments as heir', (join) =>
      join.on('heir.id', '=', (heir) =>
        heir
          .selectFrom('enrollments as later')
          .select('later.id')
          .whereRef('later.fqdn', '=', 'old.fqdn')
          .whereRef('later.observed_address', '=', 'old.observed_address')
          .whereRef('later.created_at', '>', 'old.created_at')
          .where((where) =>
            where.or([
              where('later.state', 'in', ['approved', 'installed']),
              where.and([
                where('later.state', '=', 'pending'),
                where('later.last_poll_at', '>=', silentSince),
              ]),
            ]),
          )
          .orderBy('later.created_at', 'desc')
          .orderBy('later.id')
          .limit(1),
      ),
    )
    .select(['old.id', 'old.fqdn', 'old.observed_address', 'old.spki_sha256', 'heir.id as successor'])
    .where('old.state', '=', 'pending')
    .where((where) => where(where.fn.coalesce('old.last_poll_at', 'old.created_at'), '<', silentSince))
    .execute();
}

/**
 * Forgets requests that nobody waits for any more: silent, while a later one of the same name from the same address is
 * asked for or was let in. So ends what a host leaves behind that was installed again or got another URL. Should its
 * agent ask after all, it registers again with its key; nothing is lost.
 */
export async function forgetSuperseded(context: EnrollmentContext): Promise<void> {
  const silentSince = context.clock.now() - SILENT_MS;
  // There is hardly ever one, and to look takes no turn of those who write.
  if ((await findSuperseded(context.db, silentSince)).length === 0) return;
  await inTransaction(context.db, async (db) => {
    for (const row of await findSuperseded(db, silentSince)) {
      await db.deleteFrom('enrollments').where('id', '=', row.id).execute();
      await context.audit.record(db, {
        actor: 'manager',
        event: 'enrollment_superseded',
        fields: {
          enrollment: row.id,
          fqdn: row.fqdn,
          observed_address: row.observed_address,
          generation: row.spki_sha256 === null ? 'older' : 'current',
          successor: row.successor,
        },
        stranger: row.observed_address,
      });
    }
  });
}
