import { DAY_MS } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority } from '../authority/authority.ts';
import type { ManagerTables } from '../database/schema.ts';
import { rotationDue } from './status.ts';

const SETTING = 'ca_rotation_announced';

export interface AnnounceOptions {
  readonly authority: Authority;
  readonly audit: AuditLog;
  readonly db: Kysely<ManagerTables>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly agentDays: number;
}

/** Says once a day in the log, and once in the audit log, that the root comes to its end. */
export function createAnnouncer(options: AnnounceOptions): () => Promise<void> {
  const { authority, audit, db, clock, logger } = options;
  let saidMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const { current, next } = authority.store;
    const now = clock.now();
    if (next || now < rotationDue(authority, options.agentDays) || now - saidMs < DAY_MS) return;
    saidMs = now;
    const until = new Date(current.rootFacts.notAfterMs).toISOString();
    logger.warn(
      'The root CA comes to its end. Certificates get shorter with it, and after that day no host can be reached. ' +
        'Replace it now: linux-patch-manager ca rotate start',
      { fingerprint: current.fingerprint, not_after: until },
    );
    await db.transaction().execute(async (own) => {
      const row = await own
        .selectFrom('settings')
        .select('value')
        .where('name', '=', SETTING)
        .executeTakeFirst();
      if (row?.value === current.fingerprint) return;
      const fields = { authority: current.id, not_after: until };
      await audit.record(own, { actor: 'manager', event: 'ca_rotation_due', fields });
      await own
        .insertInto('settings')
        .values({ name: SETTING, value: current.fingerprint })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: current.fingerprint }))
        .execute();
    });
  };
}
