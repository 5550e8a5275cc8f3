import { sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../src/audit/audit-log.ts';
import { inDialect } from '../src/database/dialect.ts';
import { startWorld, TESTER, type World } from './world.ts';

const stack = new AsyncDisposableStack();
let world: World;
beforeEach(async () => {
  world = stack.use(await startWorld());
  for (let number = 0; number < 5; number += 1) await world.admin('/tokens', {});
});
afterAll(() => stack.disposeAsync());

const verify = async (query = '') => (await world.admin(`/audit/verification${query}`)).json().data;
const list = async (query = '') => (await world.admin(`/audit${query}`)).json().data;

/** Goes past the manager, as who has the file can. */
async function withoutTriggers(): Promise<void> {
  const { db } = world.database;
  for (const name of ['audit_no_update', 'audit_no_delete']) {
    await inDialect(db, {
      sqlite: sql.raw(`drop trigger ${name}`),
      postgres: sql.raw(`drop trigger ${name} on audit`),
    }).execute(db);
  }
}

const rows = () => world.database.db.selectFrom('audit').selectAll().orderBy('seq').execute();

describe('the audit log of the API', () => {
  it('is listed newest first, in pages, by actor and event', async () => {
    const all = await list();
    const written = await rows();
    expect(all.records.map((one) => one.seq)).toEqual(written.map((row) => row.seq).reverse());
    expect(all.next).toBeNull();
    expect(all.records[0]).toMatchObject({
      actor: TESTER,
      event: 'join_token_created',
      hash: written.at(-1)?.hash,
    });
    const first = await list('?event=join_token_created&limit=3');
    expect([first.records.length, first.next]).toEqual([3, first.records[2]?.seq]);
    const second = await list(`?event=join_token_created&limit=3&before=${first.next}`);
    expect([second.records.length, second.next]).toEqual([2, null]);
    expect((await list('?actor=manager')).records.every((one) => one.actor === 'manager')).toBe(true);
    expect((await list('?actor=nobody')).records).toEqual([]);
    for (const query of ['?limit=0', '?limit=1001', '?before=0', '?before=x', '?odd=1'])
      expect((await world.admin(`/audit${query}`)).status).toBe(400);
  });

  it('is searched for what a record holds, literally, and by time', async () => {
    const { token: made } = (await world.admin('/tokens', { note: '50%_off "now" ü\\!' })).json().data;
    for (const about of ['50%_off', '"now" ü', 'ü\\!', String(made.id)])
      expect([
        about,
        (await list(`?event=join_token_created&about=${encodeURIComponent(about)}`)).records.length,
      ]).toEqual([about, 1]);
    for (const about of ['50__off', '5%off', '%%', 'nothing'])
      expect([about, (await list(`?about=${encodeURIComponent(about)}`)).records]).toEqual([about, []]);
    const at = world.clock.now() + 1_000;
    await world.advance(1_000);
    await world.admin('/tokens', {});
    const then = new Date(at).toISOString();
    const later = await list(`?event=join_token_created&since=${then}`);
    const before = await list(`?event=join_token_created&until=${then}`);
    expect([later.records.length, before.records.length]).toEqual([1, 6]);
    for (const query of ['?about=', '?since=yesterday', '?until=1'])
      expect((await world.admin(`/audit${query}`)).status).toBe(400);
  });

  it('is whole when nobody went past the manager, and tells a hash of then', async () => {
    const noted = await verify();
    const written = await rows();
    expect(noted).toEqual({
      records: written.length,
      last: expect.objectContaining({ seq: written.at(-1)?.seq, hash: written.at(-1)?.hash }),
      fault: null,
      sealed_to: null,
      contains: null,
    });
    await world.admin('/tokens', {});
    expect(await verify(`?contains=${noted.last?.hash}`)).toMatchObject({ fault: null, contains: true });
    expect(await verify(`?contains=${'0'.repeat(64)}`)).toMatchObject({ fault: null, contains: false });
  });

  it('is broken at a record that was changed', async () => {
    await withoutTriggers();
    const target = (await rows())[3];
    await world.database.db
      .updateTable('audit')
      .set({ actor: 'nobody' })
      .where('seq', '=', target?.seq ?? 0)
      .execute();
    const { records, fault } = await verify();
    expect([records, fault?.seq, fault?.why]).toEqual([3, target?.seq, 'it is not as it was written']);
  });

  it('is broken after a record that was removed, and at one that was put in with a hash of its own', async () => {
    await withoutTriggers();
    const [, , third, fourth] = await rows();
    const { db } = world.database;
    if (!third || !fourth) throw new Error('there are not enough records');
    await db.deleteFrom('audit').where('seq', '=', third.seq).execute();
    expect((await verify()).fault).toMatchObject({
      seq: fourth.seq,
      why: expect.stringContaining('missing'),
    });
    const forged = { ...third, actor: 'nobody' };
    await db
      .insertInto('audit')
      .values({ ...forged, hash: hashOf(forged) })
      .execute();
    expect((await verify()).fault).toMatchObject({ seq: fourth.seq });
  });

  it('whose end was cut off is whole, but has not the hash that was noted', async () => {
    const hash = (await verify()).last?.hash;
    await withoutTriggers();
    const last = (await rows()).at(-1);
    await world.database.db
      .deleteFrom('audit')
      .where('seq', '=', last?.seq ?? 0)
      .execute();
    expect(await verify(`?contains=${hash}`)).toMatchObject({ fault: null, contains: false });
  });

  it('is followed over more records than are read at once', async () => {
    const { db } = world.database;
    const before = (await rows()).length;
    let previous_hash = (await rows()).at(-1)?.hash ?? '';
    const more = Array.from({ length: 1_200 }, (_, number) => {
      const row = { at: number, actor: 'manager', event: 'manager_started', fields: '{}', previous_hash };
      previous_hash = hashOf(row);
      return { ...row, hash: previous_hash };
    });
    for (let from = 0; from < more.length; from += 400)
      await db
        .insertInto('audit')
        .values(more.slice(from, from + 400))
        .execute();
    expect(await verify()).toMatchObject({ records: before + 1_200, fault: null });
  });
});
