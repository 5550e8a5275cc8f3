import type { PatchError } from '@linux-patch/contract';
import type { EnrollmentContext } from './context.ts';

/** Marks the certificate of which two holders are known, and says so once; until it is revoked or ends, its host needs a look. */
export async function noteFork(
  context: EnrollmentContext,
  serial: string,
  fork: { readonly error: PatchError; readonly observedAddress: string },
): Promise<void> {
  const { db, clock, audit, logger } = context;
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ forked_at: clock.now() })
    .where('serial', '=', serial)
    .where('forked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return;
  const host = await db
    .selectFrom('certificates')
    .innerJoin('hosts', 'hosts.id', 'certificates.host_id')
    .select(['hosts.id', 'hosts.fqdn'])
    .where('serial', '=', serial)
    .executeTakeFirst();
  const fields = {
    host: host?.id,
    fqdn: host?.fqdn,
    serial,
    successor: fork.error.details.successor,
    observed_address: fork.observedAddress,
  };
  await audit.record(db, { actor: 'agent', event: 'certificate_forked', fields });
  logger.error(
    'Two machines hold the identity of one host: a copy or an old snapshot of it, or a thief of its key. See "linux-patch-manager hosts show"',
    fields,
  );
}
