import { type Kysely, sql } from 'kysely';
import { inDialect } from '../dialect.ts';

/** Records up to this number are in a file and may leave the table. */
const SEALED_TO = `(select cast(value as integer) from settings where name = 'audit_sealed_to')`;

async function inSqlite(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger audit_no_delete`.execute(db);
  await sql`create trigger audit_no_delete before delete on audit
    when old.seq > coalesce(${sql.raw(SEALED_TO)}, 0)
    begin select raise(abort, 'the audit log is append-only'); end`.execute(db);
}

async function inPostgres(db: Kysely<unknown>): Promise<void> {
  const body = `begin
      if old.seq > coalesce(${SEALED_TO}, 0) then raise exception 'the audit log is append-only'; end if;
      return old;
    end`;
  await sql`create function audit_refuse_unsealed() returns trigger language plpgsql as ${sql.lit(body)}`.execute(
    db,
  );
  await sql`drop trigger audit_no_delete on audit`.execute(db);
  await sql`create trigger audit_no_delete before delete on audit
    for each row execute function audit_refuse_unsealed()`.execute(db);
}

/** Records that were moved into a file may leave the audit log; no other may. */
export const auditSealing = {
  async up(db: Kysely<unknown>): Promise<void> {
    await inDialect(db, { sqlite: inSqlite, postgres: inPostgres })(db);
  },
};
