import { expect, it } from 'vitest';
import { openDatabase } from './open.ts';
import { inTransaction } from './transactions.ts';

async function opened() {
  const commits: string[][] = [];
  const refusals: unknown[] = [];
  const database = await openDatabase(':memory:', {
    committed: (tables) => void commits.push([...tables].sort()),
    refused: (error) => void refusals.push(error),
  });
  commits.length = 0;
  const set = (name: string, value: string) =>
    database.db.insertInto('settings').values({ name, value }).execute();
  return { ...database, commits, refusals, set };
}

it('tells of the tables of a statement, and of nothing where no row was changed', async () => {
  await using database = await opened();
  const { db, commits, set } = database;
  await set('a', '1');
  await db.updateTable('settings').set({ value: '2' }).where('name', '=', 'a').execute();
  await db.updateTable('settings').set({ value: '2' }).where('name', '=', 'none').execute();
  await db.deleteFrom('settings').where('name', '=', 'a').returning('name').execute();
  await db.selectFrom('settings').selectAll().execute();
  expect(commits).toEqual([['settings'], ['settings'], ['settings']]);
});

it('tells of a transaction once, when it is committed, and never of one that failed', async () => {
  await using database = await opened();
  const { db, commits, set } = database;
  await inTransaction(db, async (own) => {
    await own.insertInto('settings').values({ name: 'a', value: '1' }).execute();
    await own.insertInto('list_deliveries').values({ host_id: 'h', number: 1, error: null }).execute();
    expect(commits).toEqual([]);
  });
  expect(commits).toEqual([['list_deliveries', 'settings']]);
  const failing = db.transaction().execute(async (own) => {
    await own.insertInto('settings').values({ name: 'b', value: '1' }).execute();
    throw new Error('taken back');
  });
  await expect(failing).rejects.toThrow('taken back');
  await set('c', '1');
  expect(commits).toEqual([['list_deliveries', 'settings'], ['settings']]);
});

it('tells with what a statement failed', async () => {
  await using database = await opened();
  const { commits, refusals, set } = database;
  await set('a', '1');
  await expect(set('a', '2')).rejects.toThrow('UNIQUE');
  expect(commits).toEqual([['settings']]);
  expect(refusals).toHaveLength(1);
});
