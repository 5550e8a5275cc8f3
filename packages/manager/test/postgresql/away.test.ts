import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestServer } from '../../../../tools/postgresql/server.ts';
import { newAgent } from '../agents.ts';
import { findAuditBreak } from '../audit-break.ts';
import { asAdministrator, openBeside } from '../test-database.ts';
import { startWorld, type World } from '../world.ts';

let server: TestServer;
let world: World;
let url: string;
beforeAll(async () => {
  server = await startPostgres();
  await asAdministrator(server.socket, 'create database fleet');
  url = `postgresql://postgres@/fleet?host=${server.socket}`;
  world = await startWorld({ database: { url } });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const isReady = async (): Promise<number> => (await world.call({ path: '/readyz' })).status;
const IS_BACK = 'The database answers again';
/** What the log said of each time the database was away. */
function absences(): string[][] {
  const messages = world.logger.records.map((one) => one.message);
  const ends = messages.flatMap((message, index) => (message === IS_BACK ? [index] : []));
  return [...ends, messages.length].map((end, index) =>
    messages
      .slice((ends[index - 1] ?? -1) + 1, end)
      .filter((message) => message.startsWith('The database postgresql://postgres@/fleet')),
  );
}

describe('a database that is away', () => {
  it('is answered with a code and a time to come back, and strangers do not learn where it is', async () => {
    await server.stop();
    const agent = await newAgent(world);
    for (const answer of [
      await world.admin('/hosts'),
      await world.admin('/tokens', {}),
      await agent.register(),
    ]) {
      expect([answer.status, answer.json().error.code, answer.headers['retry-after']]).toEqual([
        503,
        'DATABASE_UNAVAILABLE',
        '5',
      ]);
      expect(answer.text).not.toContain(server.socket);
    }
    expect([await isReady(), (await world.call({ path: '/livez' })).status]).toEqual([503, 200]);
  });

  it('is said once for each reason in the log with where it is and why, and once when it is back', async () => {
    await world.advance(3_600_000);
    await server.start();
    await expect.poll(isReady).toBe(200);
    const said = absences();
    expect(said.length).toBeGreaterThanOrEqual(2);
    // Every time it was away is said, and the last time is over.
    for (const one of said.slice(0, -1)) {
      expect(one[0]).toMatch(/cannot be used: .+ The manager goes on when it is back$/);
      expect(new Set(one).size).toBe(one.length);
    }
    expect(said.at(-1)).toEqual([]);
  });

  it('is used again by itself: hosts join, and people decide', async () => {
    const agent = await newAgent(world);
    expect((await agent.register()).status).toBe(202);
    expect((await agent.approve()).status).toBe(200);
    expect((await agent.poll()).json().server_crt).toContain('BEGIN CERTIFICATE');
  });
});

it('a server that ends in the middle of changes loses none that was answered, and the audit stays one chain', async () => {
  const agents = await Promise.all(Array.from({ length: 40 }, () => newAgent(world)));
  let answered = 0;
  let stopped: Promise<void> | undefined;
  const answers = await Promise.all(
    agents.map(async (agent) => {
      const { status } = await agent.register();
      if (status === 202) answered += 1;
      if (answered === 5) stopped ??= server.stop();
      return { agent, status };
    }),
  );
  await stopped;
  expect(answered).toBeGreaterThanOrEqual(5);
  expect(
    [...new Set(answers.map(({ status }) => status))].filter((one) => one !== 202 && one !== 503),
  ).toEqual([]);
  await server.start();
  await expect.poll(isReady).toBe(200);
  for (const { agent, status } of answers) {
    if (status !== 202) expect((await agent.register()).status).toBe(202);
  }
  await using beside = openBeside(url);
  const kept = await beside.db.selectFrom('enrollments').select('id').execute();
  const ids = new Set(kept.map((row) => row.id));
  for (const agent of agents) expect(ids).toContain(agent.requestId);
  expect(await findAuditBreak(beside.db)).toBeUndefined();
});
