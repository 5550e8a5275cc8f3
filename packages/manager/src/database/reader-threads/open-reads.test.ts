import { join } from 'node:path';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { heldThreads } from '../../../test/held-threads.ts';
import { openDatabase } from '../open.ts';
import { openReads } from './open-reads.ts';

async function world() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const path = join(folder.path, 'manager.db');
  const { db } = stack.use(await openDatabase(path));
  const { threads, started, hold } = heldThreads();
  const logger = memoryLogger();
  const opened = openReads({ path, threads, logger });
  stack.use(opened);
  const { reads } = opened;
  const owned = stack.move();
  return {
    reads,
    logger,
    started,
    hold,
    write: (name: string) => db.insertInto('settings').values({ name, value: 'x' }).execute(),
    names: async (signal?: AbortSignal) =>
      (await reads.selectFrom('settings').select('name').orderBy('name').execute({ signal })).map(
        (row) => row.name,
      ),
    close: () => opened[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('reads in threads of their own', () => {
  it('see what was committed before they were asked', async () => {
    await using at = await world();
    expect(await at.names()).toEqual([]);
    for (const name of ['a', 'b', 'c']) {
      await at.write(name);
      expect(await at.names()).toContain(name);
    }
    expect(at.started).toHaveLength(1);
  });

  it('give numbers, texts, bytes and nothing back as they are stored, and say what SQLite says', async () => {
    await using at = await world();
    const { rows } =
      await sql<object>`select ${1} as n, ${'é'} as t, ${new Uint8Array([0, 255])} as b, ${null} as z`.execute(
        at.reads,
      );
    expect(rows).toEqual([{ n: 1, t: 'é', b: new Uint8Array([0, 255]), z: null }]);
    await expect(sql`select missing from settings`.execute(at.reads)).rejects.toThrow(
      'no such column: missing',
    );
  });

  it('change nothing', async () => {
    await using at = await world();
    const change = at.reads.insertInto('settings').values({ name: 'a', value: 'x' }).execute();
    await expect(change).rejects.toThrow('readonly');
    await expect(at.reads.transaction().execute(async () => {})).rejects.toThrow();
  });

  it('are two at a time; who waits and gives up is not kept, and the others are answered', async () => {
    await using at = await world();
    const release = at.hold();
    const busy = [at.names(), at.names()];
    const givingUp = new AbortController();
    const waiting = [at.names(givingUp.signal), at.names()];
    givingUp.abort(new Error('the caller hung up'));
    await expect(waiting[0]).rejects.toThrow('the caller hung up');
    release();
    expect(await Promise.all([...busy, waiting[1]])).toEqual([[], [], []]);
    expect(await Promise.all([at.names(), at.names(), at.names()])).toHaveLength(3);
    expect(at.started).toHaveLength(2);
  });

  it('who gives up while the question is worked on does not wait for it', async () => {
    await using at = await world();
    const release = at.hold();
    const givingUp = new AbortController();
    const asked = at.names(givingUp.signal);
    await expect.poll(() => at.started.length).toBe(1);
    givingUp.abort(new Error('the caller hung up'));
    await expect(asked).rejects.toThrow('the caller hung up');
    release();
    await at.write('a');
    expect(await at.names()).toEqual(['a']);
  });

  it('fail when their thread ends, and the next question has another thread', async () => {
    await using at = await world();
    at.hold();
    const asked = at.names();
    await expect.poll(() => at.started.length).toBe(1);
    await at.started[0]?.end();
    await expect(asked).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    expect(at.logger.records.map((one) => one.level)).toEqual(['error']);
    at.hold()();
    expect(await at.names()).toEqual([]);
    expect(at.started).toHaveLength(2);
  });

  it('are refused when too many wait', async () => {
    await using at = await world();
    const release = at.hold();
    const asked = Array.from({ length: 1_003 }, () => at.names());
    await expect(asked.at(-1)).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    release();
    expect(await Promise.all(asked.slice(0, -1))).toHaveLength(1_002);
  });

  it('end with what is under way, and without what waits', async () => {
    await using at = await world();
    const release = at.hold();
    const busy = [at.names(), at.names()];
    const waiting = at.names();
    await expect.poll(() => at.started.length).toBe(2);
    const closed = at.close();
    await expect(waiting).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    release();
    expect(await Promise.all(busy)).toEqual([[], []]);
    await closed;
    await expect(at.names()).rejects.toThrow();
    expect(await Promise.all(at.started.map((thread) => thread.ended))).toEqual([undefined, undefined]);
  });
});
