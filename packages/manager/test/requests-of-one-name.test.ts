import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost } from './agents.ts';
import { startWorld, type World } from './world.ts';

const MINUTE_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Two hosts, or one that was installed again, that both ask under one name. */
async function two() {
  const facts = newHost();
  const before = await newAgent(world, { facts });
  await before.register();
  await world.advance(1_000);
  const after = await newAgent(world, { facts });
  await after.register();
  return { fqdn: facts.fqdn, before, after };
}

const approve = (name: string, body: object) => world.admin(`/enrollments/${name}/approve`, body);

async function waiting(fqdn: string): Promise<string[]> {
  const { enrollments } = (await world.admin('/enrollments')).json().data;
  return enrollments.filter((one) => one.fqdn === fqdn).map((one) => one.id);
}

describe('several requests of one name', () => {
  it('are told apart by the code', async () => {
    const { fqdn, before, after } = await two();
    const approved = await approve(fqdn, { code: before.code });
    expect([approved.status, approved.json().data?.id]).toEqual([200, before.requestId]);
    expect((await after.poll()).json()).toEqual({ status: 'pending' });
  });

  it('are refused together by a code that fits none, which counts for each', async () => {
    const { fqdn, before, after } = await two();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const wrong = await approve(fqdn, { code: '0000-0000-0000-0000' });
      expect(wrong.json().error.code).toBe('CODE_MISMATCH');
    }
    for (const one of [before, after])
      expect((await approve(one.requestId, { code: one.code })).json().error.code).toBe('ENROLLMENT_LOCKED');
    expect((await approve(fqdn, { code: after.code })).json().error.code).toBe('ENROLLMENT_LOCKED');
  });

  it('are not chosen from without a code', async () => {
    const { fqdn, before } = await two();
    const refused = await approve(fqdn, {});
    expect(refused.json().error).toMatchObject({
      code: 'ENROLLMENT_NOT_FOUND',
      message: expect.stringContaining(before.requestId),
    });
  });
});

describe('a request that nobody waits for any more', () => {
  it('is forgotten when a later one of its name and address is asked for', async () => {
    const { fqdn, before, after } = await two();
    await before.poll();
    await world.advance(16 * MINUTE_MS);
    await after.poll();
    expect(await waiting(fqdn)).toEqual([after.requestId]);
    const row = await world.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'enrollment_superseded')
      .orderBy('seq', 'desc')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(row.fields)).toMatchObject({
      enrollment: before.requestId,
      successor: after.requestId,
    });
    expect((await approve(fqdn, {})).json().error.code).toBe('FORBIDDEN');
    expect((await approve(fqdn, { code: after.code })).status).toBe(200);
  });

  it('stays while its host asks, or when the later one is as silent', async () => {
    const { fqdn, before, after } = await two();
    await world.advance(16 * MINUTE_MS);
    expect(await waiting(fqdn)).toHaveLength(2);
    await Promise.all([before.poll(), after.poll()]);
    expect(await waiting(fqdn)).toHaveLength(2);
  });

  it('costs its host nothing, should it come back', async () => {
    const { fqdn, before, after } = await two();
    await world.advance(16 * MINUTE_MS);
    await after.poll();
    await waiting(fqdn);
    expect((await before.poll()).json()).toEqual({ status: 'notfound' });
    expect((await before.register()).status).toBe(202);
    expect((await approve(before.requestId, { code: before.code })).status).toBe(200);
  });
});
