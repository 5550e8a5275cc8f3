import type { Logger } from '@linux-patch/runtime';
import { Kysely } from 'kysely';
import { migrate, type OpenDatabase } from '../open.ts';
import type { ManagerTables } from '../schema.ts';
import { type ChangeListener, NOBODY_LISTENS, toldDialect } from '../told-dialect.ts';
import { claim } from './claim.ts';
import { postgresDialect } from './dialect.ts';
import type { Sessions } from './driver.ts';
import { startFailure } from './failures.ts';
import { openSessions, type PostgresAccess } from './sessions.ts';
import { logTrouble } from './trouble-log.ts';

const SILENT: Sessions['watch'] = { worked: () => {}, failed: () => {} };

/**
 * Looks into a database beside the manager that works with it; whoever asks changes nothing.
 * @throws PatchError `DATABASE_UNAVAILABLE`, with every statement
 */
export function openBesideManager(access: PostgresAccess): OpenDatabase {
  const db = new Kysely<ManagerTables>({
    dialect: postgresDialect(openSessions(access, async () => {}, SILENT)),
  });
  return { db, [Symbol.asyncDispose]: () => db.destroy() };
}

/**
 * Opens a database of PostgreSQL for this manager alone and brings its schema up to date.
 * @throws PatchError `INSTANCE_RUNNING` while another manager works with it, `CONFIG_INVALID` for what somebody has to
 *   mend first, `DATABASE_UNAVAILABLE` when it is away, and the migration's own error
 */
export async function openPostgres(
  access: PostgresAccess,
  logger: Logger,
  listener: ChangeListener = NOBODY_LISTENS,
): Promise<OpenDatabase & { readonly isNew: boolean }> {
  const { shown } = access.address;
  let watch = SILENT;
  const sessions = openSessions(access, (session) => claim(session, shown), {
    worked: () => watch.worked(),
    failed: (error) => watch.failed(error),
  });
  const db = new Kysely<ManagerTables>({ dialect: toldDialect(postgresDialect(sessions), listener) });
  try {
    const isNew = await migrate(db);
    watch = logTrouble(shown, logger);
    return { db, isNew, [Symbol.asyncDispose]: () => db.destroy() };
  } catch (error) {
    await db.destroy();
    throw startFailure(shown, error);
  }
}
