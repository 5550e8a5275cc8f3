import type { Database } from '../database/open.ts';
import type { EnrollmentContext } from './context.ts';

/**
 * Forgets what is over: requests that nobody decided in time, bundles that nobody fetched in time, and those of
 * older agents that have been reached since (they send no acknowledgement). Decided requests stay for the record.
 */
export async function tidy(context: EnrollmentContext, db: Database): Promise<void> {
  const now = context.clock.now();
  const expired = await db
    .deleteFrom('enrollments')
    .where('state', '=', 'pending')
    .where('expires_at', '<', now)
    .returning(['id', 'fqdn', 'observed_address', 'spki'])
    .execute();
  for (const row of expired) {
    await context.audit.record(db, {
      actor: 'manager',
      event: 'enrollment_expired',
      fields: {
        enrollment: row.id,
        fqdn: row.fqdn,
        observed_address: row.observed_address,
        generation: row.spki === null ? 'older' : 'current',
      },
      stranger: row.observed_address,
    });
  }
  await settleOlder(context, db);
  await db
    .updateTable('enrollments')
    .set({ bundle: null })
    .where('state', '=', 'approved')
    .where('expires_at', '<', now)
    .where('bundle', 'is not', null)
    .execute();
}

/**
 * A host that was reached since its approval has its certificate, unless it still has another one from before: then
 * the bundle is kept until it expires.
 */
async function settleOlder(context: EnrollmentContext, db: Database): Promise<void> {
  const now = context.clock.now();
  const reached = await db
    .selectFrom('enrollments')
    .innerJoin('hosts', 'hosts.id', 'enrollments.host_id')
    .select(['enrollments.id', 'enrollments.host_id', 'enrollments.serial', 'enrollments.fqdn'])
    .where('enrollments.state', '=', 'approved')
    .where('enrollments.spki', 'is', null)
    .whereRef('hosts.last_seen_at', '>', 'enrollments.decided_at')
    .where((where) =>
      where.or([
        where('enrollments.expires_at', '<', now),
        where.not(
          where.exists(
            where
              .selectFrom('certificates')
              .select('certificates.serial')
              .whereRef('certificates.host_id', '=', 'enrollments.host_id')
              .whereRef('certificates.serial', '!=', 'enrollments.serial')
              .where('certificates.revoked_at', 'is', null),
          ),
        ),
      ]),
    )
    .execute();
  for (const row of reached) {
    await db
      .updateTable('enrollments')
      .set({ state: 'installed', bundle: null })
      .where('id', '=', row.id)
      .execute();
    await context.audit.record(db, {
      actor: 'manager',
      event: 'enrollment_installed',
      fields: {
        enrollment: row.id,
        host: row.host_id,
        fqdn: row.fqdn,
        serial: row.serial,
        reason: 'the host was reached',
      },
    });
  }
}
