import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { openDatabase } from '../open.ts';
import { openSqlite } from '../sqlite.ts';
import { MIGRATIONS } from './index.ts';

it('a database of before keeps its hosts, and knows nothing of their packages yet', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'manager.sqlite');
  const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: openSqlite(path) }) });
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) };
  expect((await new Migrator({ db: before, provider }).migrateTo('011-api-tokens')).error).toBeUndefined();
  await sql`insert into hosts (id, fqdn, machine_id, ip_address, agent_port, os_details, key_origin, created_at)
    values ('a', 'a.example.test', 'm', '10.0.0.1', 12443, '{}', 'host', 1)`.execute(before);
  await before.destroy();
  await using database = await openDatabase(path);
  const { db } = database;
  expect(await db.selectFrom('hosts').select('id').execute()).toEqual([{ id: 'a' }]);
  expect(await db.selectFrom('package_sets').selectAll().execute()).toEqual([]);
});

it.each([
  [
    "select v.id from json_each('[]') as e cross join package_versions as v where v.name = e.value->>0 and v.eco = 'dpkg' and v.arch = e.value->>1 and v.version = e.value->>2 and v.source_name = e.value->>3 and v.source_version = e.value->>4",
    'sqlite_autoindex_package_versions_1',
  ],
  ["select * from host_updates where host_id = 'a'", 'sqlite_autoindex_host_updates_1'],
  ['select host_id from host_updates where candidate_id = 1', 'host_updates_by_candidate'],
  // The whole index, and not the table.
  [
    'select candidate_id, max(security), count(*), min(first_seen_at) from host_updates group by candidate_id',
    'COVERING INDEX host_updates_by_candidate',
  ],
  ["select * from package_changes where host_id = 'a' order by at desc", 'package_changes_by_host'],
  ["select * from started_jobs where host_id = 'a'", 'sqlite_autoindex_started_jobs_1'],
])('no whole table is read: %s', async (query, index) => {
  await using database = await openDatabase(':memory:');
  const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(query)}`.execute(database.db);
  const plan = rows.map((row) => row.detail).join('\n');
  expect(plan.replaceAll(/SCAN (e VIRTUAL TABLE|host_updates USING COVERING INDEX).*/g, '')).not.toMatch(
    /^SCAN/m,
  );
  expect(plan).toContain(index);
});
