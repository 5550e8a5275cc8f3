import { type Dialect, PostgresAdapter, PostgresIntrospector } from 'kysely';
import { ManagerPostgresCompiler } from './compiler.ts';
import { createPostgresDriver, type Sessions } from './driver.ts';

/** Migrations are done in the session that writes, and there is one: Kysely's own lock would be taken in another. */
class OneWriterAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

/** PostgreSQL for Kysely, as the manager uses it. */
export function postgresDialect(sessions: Sessions): Dialect {
  return {
    createAdapter: () => new OneWriterAdapter(),
    createDriver: () => createPostgresDriver(sessions),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new ManagerPostgresCompiler(),
  };
}
