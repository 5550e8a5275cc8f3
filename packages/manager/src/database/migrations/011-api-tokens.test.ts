import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { openDatabase } from '../open.ts';
import { openSqlite } from '../sqlite.ts';
import { MIGRATIONS } from './index.ts';

it('a database of before has no API tokens, and keeps its join tokens', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'manager.sqlite');
  const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: openSqlite(path) }) });
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) };
  expect((await new Migrator({ db: before, provider }).migrateTo('010-callers')).error).toBeUndefined();
  await sql`insert into join_tokens (id, verifier, uses, created_at, created_by, expires_at)
    values ('abc', x'00', 1, 1, 'admin', 2)`.execute(before);
  await before.destroy();
  await using database = await openDatabase(path);
  const { db } = database;
  expect(await db.selectFrom('api_tokens').selectAll().execute()).toEqual([]);
  expect(await db.selectFrom('join_tokens').select('id').execute()).toEqual([{ id: 'abc' }]);
});
