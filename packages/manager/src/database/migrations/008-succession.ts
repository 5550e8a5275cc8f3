import { type Kysely, sql } from 'kysely';

/**
 * What a renewal has to know at once: from which approval a certificate comes, what it was renewed to, and whether that
 * was ever served. What was acknowledged, seen on its host or used as a proof before counts as served.
 */
export const succession = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const [name, type] of [
      ['origin', 'text'],
      ['served_at', 'bigint'],
      ['forked_at', 'bigint'],
      ['pem', 'text'],
    ] as const) {
      await db.schema.alterTable('certificates').addColumn(name, type).execute();
    }
    await db.schema
      .createIndex('certificates_by_predecessor')
      .on('certificates')
      .column('renewed_from')
      .execute();
    await fillOrigins(db);
    for (const served of [
      sql`select renewed_from from certificates where renewed_from is not null`,
      sql`select served_serial from host_reports where served_serial is not null`,
      sql`select serial from enrollments where state = 'installed' and serial is not null`,
    ]) {
      await sql`update certificates set served_at = issued_at where serial in (${served})`.execute(db);
    }
  },
};

async function fillOrigins(db: Kysely<unknown>): Promise<void> {
  await sql`
    with recursive line (serial, origin) as (
      select serial, serial from certificates where kind = 'agent' and renewed_from is null
      union all
      select next.serial, line.origin from line join certificates as next on next.renewed_from = line.serial
    )
    update certificates set origin = line.origin from line where line.serial = certificates.serial`.execute(
    db,
  );
  await sql`update certificates set origin = serial where kind = 'agent' and origin is null`.execute(db);
}
