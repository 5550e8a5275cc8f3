import { managerDeniedTag } from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent } from './agents.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a held poll', () => {
  it('wakes on approval, at once', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const sleepers = world.clock.sleeping;
    const held = agent.poll({ waitS: 50 });
    await world.clock.waitForSleepers(sleepers + 1);
    await agent.approve();
    // The clock stands still: a poll that looked again after a while would never end.
    const answer = await held;
    expect(answer.json().status).toBe('approved');
    expect(answer.headers['preference-applied']).toBe('wait=50');
  });

  it('ends as pending when the time is up, and never lasts longer than fifty seconds', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const sleepers = world.clock.sleeping;
    const held = agent.poll({ waitS: 600 });
    await world.clock.waitForSleepers(sleepers + 1);
    await world.advance(50_000);
    expect((await held).json()).toEqual({ status: 'pending' });
  });

  it('is given up when the caller hangs up', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const sleepers = world.clock.sleeping;
    const hangUp = new AbortController();
    const held = agent.poll({ waitS: 50, signal: hangUp.signal });
    await world.clock.waitForSleepers(sleepers + 1);
    hangUp.abort();
    await expect(held).rejects.toThrow();
    await expect.poll(() => world.clock.sleeping).toBe(sleepers);
  });
});

describe('a refusal', () => {
  it('is told to the agent for a day, with a tag when the code was typed', async () => {
    const agent = await newAgent(world);
    await agent.register();
    await world.advance(23 * 3_600_000);
    const denied = await world.admin(`/enrollments/${agent.requestId}/deny`, {
      reason: 'not ours',
      code: agent.code,
    });
    expect(denied.json().data.state).toBe('denied');
    await world.advance(23 * 3_600_000);
    const answer = (await agent.poll()).json();
    const row = await world.database.db
      .selectFrom('enrollments')
      .selectAll()
      .where('id', '=', agent.requestId)
      .executeTakeFirstOrThrow();
    expect(answer).toEqual({
      status: 'denied',
      reason: 'not ours',
      tag_m: managerDeniedTag(agent.codeKey, {
        transcriptHash: agent.transcript,
        nonceM: row.nonce_m,
        reason: 'not ours',
      }),
    });
    await world.advance(2 * 3_600_000);
    expect((await agent.poll()).json()).toEqual({ status: 'notfound' });
  });

  it('cannot be approved afterwards, and the host may ask again', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const first = agent.requestId;
    await world.admin(`/enrollments/${first}/deny`, {});
    expect((await agent.approve()).json().error.code).toBe('JOB_CONFLICT');
    expect((await agent.register()).status).toBe(202);
    expect(agent.requestId).not.toBe(first);
  });

  it('of a key that asks once more leaves it waiting for a person, who is told of it', async () => {
    const agent = await newAgent(world);
    await agent.register();
    expect((await world.admin(`/enrollments/${agent.requestId}`)).json().data.conflicts).toEqual([]);
    await world.admin(`/enrollments/${agent.requestId}/deny`, {});
    const deniedAt = new Date(world.clock.now()).toISOString();
    await world.advance(60_000);
    await agent.register();
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
    const { conflicts, conflicts_total } = (await world.admin(`/enrollments/${agent.requestId}`)).json().data;
    expect(conflicts).toEqual([`this key was denied by ${TESTER} at ${deniedAt}; its host asked once more`]);
    expect(conflicts_total).toBe(1);
    // The key, and with it the code on the host, is the one of the first request.
    expect((await agent.approve()).status).toBe(200);
    expect((await agent.poll()).json().status).toBe('approved');
  });

  it('of a request that was changed on the way, which no code fits, makes room for the true one', async () => {
    const agent = await newAgent(world);
    const changed = JSON.stringify({ ...JSON.parse(agent.body), ip_address: '203.0.113.66' });
    await world.call({ method: 'POST', path: '/api/v1/enroll', body: changed });
    const { enrollments } = (await world.admin('/enrollments')).json().data;
    const { id } = enrollments.find((one) => one.fqdn === agent.facts.fqdn) ?? { id: '' };
    for (const decision of ['approve', 'deny']) {
      const { error } = (await world.admin(`/enrollments/${id}/${decision}`, { code: agent.code })).json();
      expect(error).toMatchObject({ code: 'CODE_MISMATCH' });
      expect(error.message).toMatch(/deny the request without its code.*start the agent.* again/);
    }
    await world.admin(`/enrollments/${id}/deny`, {});
    await agent.register();
    expect((await agent.approve()).status).toBe(200);
  });
});
