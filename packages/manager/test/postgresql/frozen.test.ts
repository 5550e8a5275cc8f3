import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestServer } from '../../../../tools/postgresql/server.ts';
import { newAgent } from '../agents.ts';
import { halvesIn } from '../kept-writes.ts';
import { asAdministrator } from '../test-database.ts';
import { startWorld, type World } from '../world.ts';

const stack = new AsyncDisposableStack();
let server: TestServer;
let world: World;

beforeAll(async () => {
  server = stack.use(await startPostgres());
  await asAdministrator(server.socket, 'create database fleet');
  world = stack.use(
    await startWorld({ database: { url: `postgresql://postgres@/fleet?host=${server.socket}` } }),
  );
  // Sessions of both kinds are open.
  expect((await world.admin('/tokens', {})).status).toBe(200);
  expect((await world.admin('/hosts')).status).toBe(200);
});
afterAll(() => stack.disposeAsync());

const isReady = async (): Promise<number> => (await world.call({ path: '/readyz' })).status;

it('a server that takes connections and answers nobody is given up soon, and then at once, until it answers', async () => {
  await server.signal('SIGSTOP');
  const agent = await newAgent(world);
  const begun = performance.now();
  const told = await Promise.all([
    ...Array.from({ length: 12 }, () => world.admin('/hosts')),
    world.admin('/tokens', {}),
    agent.register(),
  ]);
  const tookMs = performance.now() - begun;
  expect(new Set(told.map(({ status }) => status))).toEqual(new Set([503]));
  for (const { text } of told) expect(text).toContain('"DATABASE_UNAVAILABLE"');
  // Two minutes is what a question may take that is being answered.
  expect(tookMs).toBeLessThan(60_000);
  const again = performance.now();
  expect(await isReady()).toBe(503);
  expect((await world.admin('/hosts')).status).toBe(503);
  expect(performance.now() - again).toBeLessThan(2_000);
  expect(world.logger.records.map((one) => one.message)).toContainEqual(
    expect.stringMatching(/cannot be used: it takes connections, and said nothing/),
  );
  await server.signal('SIGCONT');
  await expect.poll(isReady, { timeout: 30_000 }).toBe(200);
  expect((await agent.register()).status).toBe(202);
  expect((await agent.approve()).status).toBe(200);
  expect(await halvesIn(world.database.db)).toEqual([]);
});

it('a question that takes long is waited for while the server answers others', async () => {
  const { rows } = await sql<{ readonly done: string }>`select 'yes' as done from pg_sleep(8)`.execute(
    world.database.db,
  );
  expect(rows).toEqual([{ done: 'yes' }]);
});
