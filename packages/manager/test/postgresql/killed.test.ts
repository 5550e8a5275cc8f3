import { MINUTE_MS } from '@linux-patch/contract';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestServer } from '../../../../tools/postgresql/server.ts';
import type { Answer } from '../https-call.ts';
import { halvesIn, lostOf } from '../kept-writes.ts';
import { has, installed, joinListed, type ListedHost, nextListingOf } from '../listed-hosts.ts';
import { LISTENING } from '../listening-agent.ts';
import { asAdministrator } from '../test-database.ts';
import { startWorld, type World } from '../world.ts';
import { openWrites, type Writes } from '../writes.ts';

const stack = new AsyncDisposableStack();
let server: TestServer;
let world: World;
let writes: Writes;
let host: ListedHost;

/** What a caller hears while the database is away. */
const isAway = ({ status, text }: Answer): boolean =>
  status === 503 && text.includes('"DATABASE_UNAVAILABLE"') && !text.includes(server.socket);

beforeAll(async () => {
  server = stack.use(await startPostgres({ settings: ['fsync=on'] }));
  await asAdministrator(server.socket, 'create database fleet');
  const url = `postgresql://postgres@/fleet?host=${server.socket}`;
  world = stack.use(await startWorld({ ...LISTENING, database: { url }, fleet: { inventory_minutes: 1 } }));
  host = stack.use(await joinListed(world, [installed('curl', '0')]));
  const put = (path: string, body: object) => world.local({ path: `/api/v1${path}`, method: 'PUT', body });
  writes = await openWrites({ ...world, put }, isAway);
});
afterAll(() => stack.disposeAsync());

const isReady = async (): Promise<number> => (await world.call({ path: '/readyz' })).status;

/** Changes of every kind, and a listing that differs from the one before. */
async function writeUntilRefused(): Promise<void> {
  has(host, [installed('curl', String(writes.done.length)), installed('jq', String(writes.done.length))]);
  await Promise.all([writes.untilRefused(), world.advance(MINUTE_MS)]);
}

/** What is missing, or half there, of what was answered. */
async function faults(): Promise<unknown> {
  await nextListingOf(world, host);
  const { db } = world.database;
  return {
    lost: await lostOf(db, writes.done),
    half: await halvesIn(db),
    unexpected: writes.unexpected,
  };
}

/** The process of the server that works for the manager's changes. */
async function sessionOfManager(): Promise<number> {
  const client = new Client({ host: server.socket, user: 'postgres', database: 'postgres' });
  await client.connect();
  const { rows } = await client.query<{ readonly pid: number }>(
    `select a.pid from pg_stat_activity as a join pg_locks as l on l.pid = a.pid and l.locktype = 'advisory' where a.datname = 'fleet'`,
  );
  await client.end();
  return rows[0]?.pid ?? 0;
}
const NONE = { lost: [], half: [], unexpected: [] };

it.each([1, 3, 8, 13, 21, 'those of every kind'] as const)(
  'a server that is killed in the middle of changes (%s) has all that were answered, and none by half',
  async (count) => {
    const writing = writeUntilRefused();
    await (typeof count === 'number' ? writes.more(count) : writes.everyKind());
    await server.signal('SIGKILL');
    await writing;
    expect(await isReady()).toBe(503);
    await server.start();
    await expect.poll(isReady).toBe(200);
    expect(await faults()).toEqual(NONE);
  },
);

it.each([1, 2, 4])(
  'one process of it that is killed after %i changes ends every session, and the manager goes on by itself',
  async (count) => {
    const writing = writeUntilRefused();
    await writes.more(count);
    process.kill(await sessionOfManager(), 'SIGKILL');
    await expect.poll(isReady).toBe(200);
    // It is there again before each kind of change has met its absence.
    writes.end();
    await writing;
    expect(await faults()).toEqual(NONE);
  },
);
