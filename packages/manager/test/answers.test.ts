import { managerDeniedTag } from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a held poll', () => {
  it('wakes on approval, within a second', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const sleepers = world.clock.sleeping;
    const held = agent.poll({ waitS: 50 });
    await world.clock.waitForSleepers(sleepers + 1);
    await agent.approve();
    const approvedAt = performance.now();
    const answer = await held;
    expect(performance.now() - approvedAt).toBeLessThan(1_000);
    expect(answer.json().status).toBe('approved');
    expect(answer.headers['preference-applied']).toBe('wait=50');
  });

  it('ends as pending when the time is up, and never lasts longer than fifty seconds', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const sleepers = world.clock.sleeping;
    const held = agent.poll({ waitS: 600 });
    await world.clock.waitForSleepers(sleepers + 1);
    await world.clock.advance(50_000);
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
    await world.clock.advance(23 * 3_600_000);
    const denied = await world.admin(`/enrollments/${agent.requestId}/deny`, {
      reason: 'not ours',
      code: agent.code,
    });
    expect(denied.json().data.state).toBe('denied');
    await world.clock.advance(23 * 3_600_000);
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
    await world.clock.advance(2 * 3_600_000);
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
});
