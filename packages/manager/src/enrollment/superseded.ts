import type { Database } from '../database/open.ts';
import type { EnrollmentContext } from './context.ts';

/** An agent that waits asks at least every nine minutes, however often it was told to slow down. */
const SILENT_MS = 15 * 60_000;

/** The newest request of each name and address that is asked for, or was let in. */
function heirs(db: Database, silentSince: number) {
  const asked = db
    .selectFrom('enrollments')
    .select((select) => [
      'id',
      'fqdn',
      'observed_address',
      'created_at',
      select.fn
        .agg<number>('row_number')
        .over((over) =>
          over.partitionBy(['fqdn', 'observed_address']).orderBy('created_at', 'desc').orderBy('id'),
        )
        .as('place'),
    ])
    .where((where) =>
      where.or([
        where('state', 'in', ['approved', 'installed']),
        where.and([where('state', '=', 'pending'), where('last_poll_at', '>=', silentSince)]),
      ]),
    )
    .as('asked');
  return db.selectFrom(asked).selectAll().where('place', '=', 1).as('heir');
}

/**
 * Forgets requests that nobody waits for any more: silent, while a later one of the same name from the same address is
 * asked for or was let in. So ends what a host leaves behind that was installed again or got another URL. Should its
 * agent ask after all, it registers again with its key; nothing is lost.
 */
export async function forgetSuperseded(context: EnrollmentContext, db: Database): Promise<void> {
  const silentSince = context.clock.now() - SILENT_MS;
  const superseded = await db
    .selectFrom('enrollments as old')
    .innerJoin(heirs(db, silentSince), (join) =>
      join
        .onRef('heir.fqdn', '=', 'old.fqdn')
        .onRef('heir.observed_address', '=', 'old.observed_address')
        .onRef('heir.created_at', '>', 'old.created_at'),
    )
    .select(['old.id', 'old.fqdn', 'old.observed_address', 'old.spki_sha256', 'heir.id as successor'])
    .where('old.state', '=', 'pending')
    .where((where) => where(where.fn.coalesce('old.last_poll_at', 'old.created_at'), '<', silentSince))
    .execute();
  for (const row of superseded) {
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
}
