import { describe, expect, it } from 'vitest';
import { groupWrites } from './grouped.ts';
import { openDatabase } from './open.ts';

async function settings() {
  const database = await openDatabase(':memory:');
  const { db } = database;
  const groups: string[][] = [];
  const write = groupWrites<string>(db, async (own, names) => {
    groups.push([...names]);
    for (const name of names) await own.insertInto('settings').values({ name, value: 'x' }).execute();
  });
  const stored = async () =>
    (await db.selectFrom('settings').select('name').orderBy('name').execute()).map((row) => row.name);
  return { db, write, groups, stored, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

describe('grouped writes', () => {
  it('that come while the database is busy share one transaction', async () => {
    await using world = await settings();
    const gate = Promise.withResolvers<void>();
    const busy = world.db.transaction().execute(() => gate.promise);
    const writes = ['a', 'b', 'c'].map((name) => world.write(name));
    gate.resolve();
    await Promise.all([busy, ...writes]);
    expect(world.groups).toEqual([['a', 'b', 'c']]);
    expect(await world.stored()).toEqual(['a', 'b', 'c']);
  });

  it('are durable when their promise resolves, also those that come while others are written', async () => {
    await using world = await settings();
    const first = world.write('a');
    const second = first.then(() => world.write('b'));
    await first;
    expect(await world.stored()).toContain('a');
    await second;
    expect(await world.stored()).toEqual(['a', 'b']);
    expect(world.groups).toEqual([['a'], ['b']]);
  });

  it('fail together when their transaction fails, and the next ones are written again', async () => {
    await using world = await settings();
    await world.write('a');
    const outcomes = await Promise.allSettled(['b', 'a'].map((name) => world.write(name)));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    expect(await world.stored()).toEqual(['a']);
    await world.write('b');
    expect(await world.stored()).toEqual(['a', 'b']);
  });

  it('fail, and do not wait for ever, when the database is closed', async () => {
    const world = await settings();
    await world[Symbol.asyncDispose]();
    await expect(world.write('a')).rejects.toThrow();
    await expect(world.write('b')).rejects.toThrow();
  });
});
