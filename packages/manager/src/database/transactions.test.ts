import { setImmediate } from 'node:timers/promises';
import { sql, type Transaction } from 'kysely';
import { describe, expect, it } from 'vitest';
import { openTestDatabase } from '../../test/test-database.ts';
import { openDatabase } from './open.ts';
import type { ManagerTables } from './schema.ts';
import { inTransaction } from './transactions.ts';

async function settings(open = () => openTestDatabase()) {
  const database = await open();
  const { db } = database;
  const used: Transaction<ManagerTables>[] = [];
  const insert = (name: string) =>
    inTransaction(db, async (own) => {
      used.push(own);
      await own.insertInto('settings').values({ name, value: 'x' }).execute();
      return `${name} is written`;
    });
  const stored = async () =>
    (await db.selectFrom('settings').select('name').orderBy('name').execute()).map((row) => row.name);
  const busy = () => {
    const gate = Promise.withResolvers<void>();
    return { open: gate.resolve, done: db.transaction().execute(() => gate.promise) };
  };
  return { db, insert, used, stored, busy, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

describe('work in transactions', () => {
  it('that comes while the database is busy is committed together, and each gets its own answer', async () => {
    await using world = await settings();
    const busy = world.busy();
    const answers = ['a', 'b', 'c'].map(world.insert);
    busy.open();
    expect(await Promise.all(answers)).toEqual(['a is written', 'b is written', 'c is written']);
    expect(new Set(world.used).size).toBe(1);
    expect(await world.stored()).toEqual(['a', 'b', 'c']);
  });

  it('that comes in one turn of the event loop is committed together', async () => {
    await using world = await settings();
    // Each in a callback of its own, as what comes on several connections is.
    await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        await setImmediate();
        await world.insert(name);
      }),
    );
    expect(new Set(world.used).size).toBe(1);
    expect(await world.stored()).toEqual(['a', 'b', 'c']);
  });

  it('is durable when its promise resolves, also when it comes while other work is done', async () => {
    await using world = await settings();
    const second = world.insert('a').then(() => world.insert('b'));
    await world.insert('c');
    expect(await world.stored()).toContain('c');
    await second;
    expect(await world.stored()).toEqual(['a', 'b', 'c']);
  });

  it('takes back its own changes when it fails, and no others', async () => {
    await using world = await settings();
    const busy = world.busy();
    const failing = inTransaction(world.db, async (own) => {
      await own.insertInto('settings').values({ name: 'lost', value: 'x' }).execute();
      throw new Error('no');
    });
    const outcomes = Promise.allSettled([world.insert('a'), failing, world.insert('a'), world.insert('b')]);
    busy.open();
    expect((await outcomes).map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    await expect(failing).rejects.toThrow('no');
    expect(await world.stored()).toEqual(['a', 'b']);
  });

  it('is not overtaken by a change outside of it, so that what it has read stays true', async () => {
    await using world = await settings();
    await world.insert('a');
    const read = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const careful = world.db.transaction().execute(async (own) => {
      const before = await own.selectFrom('settings').select('value').executeTakeFirstOrThrow();
      read.resolve();
      await gate.promise;
      const after = await own.selectFrom('settings').select('value').executeTakeFirstOrThrow();
      order.push(`${before.value} is ${after.value}`);
    });
    await read.promise;
    const change = world.db.updateTable('settings').set({ value: 'y' }).execute();
    const other = world.insert('b').then(() => order.push('b'));
    gate.resolve();
    await Promise.all([careful, change.then(() => order.push('changed')), other]);
    expect(order).toEqual(['x is x', 'changed', 'b']);
  });

  it('fails for all when the commit fails, and the next work is done again', async () => {
    await using world = await settings();
    const busy = world.busy();
    const ending = inTransaction(world.db, async (own) => {
      // The whole transaction is gone, as after a full disk.
      await sql`rollback`.execute(own);
    });
    const outcomes = Promise.allSettled([world.insert('a'), ending, world.insert('b')]);
    busy.open();
    expect((await outcomes).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await world.stored()).toEqual([]);
    await world.insert('c');
    expect(await world.stored()).toEqual(['c']);
  });

  it('fails with the name of the disk when that is full, and works again when there is room', async () => {
    await using world = await settings(() => openDatabase(':memory:'));
    await sql`pragma max_page_count = 1`.execute(world.db);
    const big = (name: string) =>
      inTransaction(world.db, async (own) => {
        await own
          .insertInto('settings')
          .values({ name, value: 'x'.repeat(1_000_000) })
          .execute();
      });
    const outcomes = await Promise.allSettled([world.insert('small'), big('a'), big('b')]);
    expect(outcomes.slice(1)).toMatchObject([1, 2].map(() => ({ reason: { code: 'DISK_FULL' } })));
    await sql`pragma max_page_count = 1000000`.execute(world.db);
    await big('c');
    expect(await world.stored()).toContain('c');
  });

  it('fails, and does not wait for ever, when the database is closed', async () => {
    const world = await settings();
    await world[Symbol.asyncDispose]();
    await expect(world.insert('a')).rejects.toThrow();
    await expect(world.insert('b')).rejects.toThrow();
  });
});
