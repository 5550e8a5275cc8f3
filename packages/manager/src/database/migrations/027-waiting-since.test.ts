import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { openDatabase } from '../open.ts';
import { openSqlite } from '../sqlite.ts';
import { MIGRATIONS } from './index.ts';

it('what waited before an upgrade waits since its version was seen first, and is counted in an index alone', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'manager.sqlite');
  const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: openSqlite(path) }) });
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) };
  expect((await new Migrator({ db: before, provider }).migrateTo('026-passkeys')).error).toBeUndefined();
  await sql`insert into hosts (id, fqdn, machine_id, ip_address, agent_port, os_details, key_origin, created_at)
    values ('a', 'a.example.test', 'm', '10.0.0.1', 12443, '{}', 'host', 1)`.execute(before);
  await sql`insert into package_versions (id, name, eco, arch, version, source_name, source_version, first_seen_at)
    values (1, 'vim', 'dpkg', 'amd64', '2', 'vim', '2', 1)`.execute(before);
  await sql`insert into host_updates (host_id, candidate_id, installed_version, held, phased, hidden, first_seen_at)
    values ('a', 1, '1', 0, 0, 0, 77)`.execute(before);
  await before.destroy();
  await using database = await openDatabase(path);
  const { db } = database;
  expect(await db.selectFrom('host_updates').select('waiting_since').execute()).toEqual([
    { waiting_since: 77 },
  ]);
  const { rows } = await sql<{ detail: string }>`explain query plan
    select waiting_since > 1, security, count(*) from host_updates group by 1, 2`.execute(db);
  expect(rows.map(({ detail }) => detail).join()).toContain('COVERING INDEX host_updates_by_candidate');
});
