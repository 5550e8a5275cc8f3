import type { JobAccepted } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyAll, dataOf, INSTANCE, knownHost } from './known-host.ts';
import { LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

describe('a change that is asked of a host', () => {
  it('has a name of its own, or the one its caller gave it, and says which instance is meant', async () => {
    await using host = await knownHost(world);
    await applyAll(world, host.fqdn);
    await applyAll(world, host.fqdn);
    await applyAll(world, host.fqdn, 'mine-1');
    const [first, second, third] = host.jobsAsked().map((one) => one.headers);
    expect(first?.['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.['idempotency-key']).not.toBe(first?.['idempotency-key']);
    expect(third?.['idempotency-key']).toBe('mine-1');
    expect(third?.['linux-patch-instance']).toBe(INSTANCE);
    const health = host.asked.find((one) => one.path === '/api/v1/health');
    expect(health?.headers).not.toHaveProperty('idempotency-key');
  });

  it('is asked for once more under its name when the answer was lost', async () => {
    await using host = await knownHost(world);
    host.lose(1);
    const answer = await applyAll(world, host.fqdn);
    expect([answer.status, dataOf<JobAccepted>(answer).job_id]).toEqual([202, expect.any(String)]);
    const [first, second, ...more] = host.jobsAsked();
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(more).toEqual([]);
  });

  it('that was lost twice is not tried for ever, and nobody says that nothing was begun', async () => {
    await using host = await knownHost(world);
    host.lose(9);
    const { error } = (await applyAll(world, host.fqdn)).json();
    expect(error).toMatchObject({ code: 'AGENT_UNREACHABLE', details: { answer_lost: true } });
    expect(error.message).toContain('is not known');
    expect(host.jobsAsked()).toHaveLength(2);
  });

  it('is never asked for twice of an agent that does not know it again', async () => {
    await using host = await knownHost(world, {});
    host.lose(1);
    expect((await applyAll(world, host.fqdn)).json().error.code).toBe('AGENT_UNREACHABLE');
    expect(host.jobsAsked()).toHaveLength(1);
    expect(host.jobsAsked()[0]?.headers).not.toHaveProperty('linux-patch-instance');
  });

  it.each([
    ['INSTANCE_MISMATCH', 410, /is not the installation that this manager saw last/],
    ['IDEMPOTENCY_CONFLICT', 409, /no/],
  ])('that the host refuses with %s is refused so to its caller', async (code, status, words) => {
    await using host = await knownHost(world);
    host.refuse(code, { instance_id: 'x' });
    const answer = await applyAll(world, host.fqdn, 'mine-1');
    expect([answer.status, answer.json().error]).toMatchObject([
      status,
      { code, message: expect.stringMatching(words), details: { instance_id: 'x' } },
    ]);
    expect(host.jobsAsked()).toHaveLength(1);
  });

  it('with a name that is none is refused before anything is asked', async () => {
    await using host = await knownHost(world);
    expect((await applyAll(world, host.fqdn, 'two words')).json().error.code).toBe('INVALID_REQUEST');
    expect(host.jobsAsked()).toEqual([]);
  });
});
