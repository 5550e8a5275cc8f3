import { join } from 'node:path';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { heldThreads } from '../../../test/held-threads.ts';
import { type Database, openDatabase } from '../../database/open.ts';
import { openReads } from '../../database/reader-threads/open-reads.ts';
import { keepSet } from '../sets.ts';
import { openSetIndex } from './set-index.ts';

/** More than are read at once. */
const HOSTS = 450;

async function world(hosts = 3) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const path = join(folder.path, 'manager.db');
  const { db } = stack.use(await openDatabase(path));
  const logger = memoryLogger();
  const names = Array.from({ length: hosts }, (_, index) => `host-${String(index).padStart(3, '0')}`);
  const host = {
    machine_id: 'm',
    ip_address: '10.0.0.1',
    agent_port: 12443,
    os_details: '{}',
    created_at: 1,
  };
  const insert = (own: Database, id: string) =>
    own
      .insertInto('hosts')
      .values({
        ...host,
        id,
        fqdn: id,
        hostname: null,
        key_origin: 'host',
        last_seen_at: null,
        last_error: null,
        left_at: null,
      })
      .execute();
  /** Keeps that a host has these, and returns the set. */
  const keep = async (hostId: string, ids: readonly number[], own: Database = db) => {
    const installed = { ids, etag: undefined, revision: undefined };
    const listing = { atMs: 1, eco: 'dpkg', newRows: { day: 0, rows: 0 }, installed, pending: undefined };
    const before = await own.selectFrom('package_sets').selectAll().where('host_id', '=', hostId).execute();
    const known = before[0] && { ...EMPTY, rev: before[0].rev, ids: [] };
    const set = await keepSet(own, hostId, known, listing);
    if (!set) throw new Error('nothing was kept');
    return set;
  };
  await db.transaction().execute(async (own) => {
    for (const id of names) {
      await insert(own, id);
      await keep(id, [1, 2, 3], own);
    }
  });
  const { threads, started, hold } = heldThreads();
  const { reads } = stack.use(openReads({ path, threads, logger }));
  const index = stack.use(openSetIndex({ reads, threads, logger }));
  const owned = stack.move();
  return {
    names,
    index,
    logger,
    started,
    hold,
    keep,
    holding: async (id: number, signal?: AbortSignal) => {
      const { found } = await index.ask({ kind: 'holding', ids: [id] }, signal);
      return found.get(id) ?? [];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const EMPTY = {
  eco: 'dpkg',
  listedAtMs: 1,
  error: null,
  revision: null,
  packagesEtag: null,
  updatesEtag: null,
  newRows: { day: 0, rows: 0 },
  hash: null,
};

describe('the index of what hosts have', () => {
  it('knows at its first answer what every host had at the start', async () => {
    await using at = await world(HOSTS);
    expect(await at.holding(2)).toEqual(at.names);
    expect(await at.holding(4)).toEqual([]);
  });

  it('answers with what it was told of before, also while it is being read', async () => {
    await using at = await world(HOSTS);
    at.index.put(await at.keep('host-001', [4]));
    at.index.put(await at.keep('host-449', [4]));
    at.index.forget('host-002');
    expect([...(await at.holding(4))].sort()).toEqual(['host-001', 'host-449']);
    expect(await at.holding(2)).toHaveLength(HOSTS - 3);
    const before = await at.index.ask({ kind: 'count', ids: [4], except: ['host-449'] }, undefined);
    expect(before.found).toEqual(new Map([[4, 1]]));
    at.index.put(await at.keep('host-003', [4]));
    const after = await at.index.ask({ kind: 'count', ids: [4], except: [] }, undefined);
    expect([after.revision, after.found]).toEqual([before.revision + 1, new Map([[4, 3]])]);
  });

  it('fails the question when its thread ends, and reads everything again for the next', async () => {
    await using at = await world();
    expect(await at.holding(4)).toEqual([]);
    at.hold();
    const asked = at.holding(2);
    const failing = expect(asked).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    const [thread] = at.started.filter((one) => one.name === 'sets');
    await thread?.end();
    await failing;
    at.hold()();
    // It was told of to nobody.
    at.index.put(await at.keep('host-000', [4]));
    expect(await at.holding(4)).toEqual(['host-000']);
    expect(at.logger.records.map((one) => one.level)).toEqual(['error']);
  });

  it('does not keep who gives up', async () => {
    await using at = await world();
    expect(await at.holding(4)).toEqual([]);
    const release = at.hold();
    const givingUp = new AbortController();
    const asked = at.holding(2, givingUp.signal);
    const failing = expect(asked).rejects.toThrow('the caller hung up');
    givingUp.abort(new Error('the caller hung up'));
    await failing;
    release();
    expect(await at.holding(2)).toHaveLength(3);
  });

  it('says that the manager stops when it is closed', async () => {
    await using at = await world();
    expect(await at.holding(4)).toEqual([]);
    at.hold();
    const failing = expect(at.holding(2)).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    await at.index[Symbol.asyncDispose]();
    await failing;
    await expect(at.holding(2)).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    expect(at.logger.records).toEqual([]);
  });
});
