import type { Host, JobAccepted } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

const INSTANCE = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

const dataOf = <T>({ text }: { readonly text: string }): T => (JSON.parse(text) as { data: T }).data;

/** A host that was asked for its health, and says which instance it is. */
async function knownHost(health: object = { instance_id: INSTANCE }) {
  const host = await joinListening(world);
  host.say(health);
  await expect.poll(() => world.clock.sleeping).toBeGreaterThanOrEqual(2);
  await world.clock.advance(6_000);
  await expect
    .poll(async () => dataOf<Host>(await world.admin(`/hosts/${host.fqdn}`)).last_seen_at)
    .not.toBeNull();
  return host;
}

const apply = (fqdn: string, key?: string) =>
  world.local({
    path: `/api/v1/hosts/${fqdn}/patches/apply`,
    method: 'POST',
    headers: key === undefined ? {} : { 'idempotency-key': key },
    body: { all: true },
  });

describe('a change that is asked of a host', { timeout: 60_000 }, () => {
  it('has a name of its own, or the one its caller gave it, and says which instance is meant', async () => {
    await using host = await knownHost();
    await apply(host.fqdn);
    await apply(host.fqdn);
    await apply(host.fqdn, 'mine-1');
    const [first, second, third] = host.jobsAsked().map((one) => one.headers);
    expect(first?.['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.['idempotency-key']).not.toBe(first?.['idempotency-key']);
    expect(third?.['idempotency-key']).toBe('mine-1');
    expect(third?.['linux-patch-instance']).toBe(INSTANCE);
    const health = host.asked.find((one) => one.path === '/api/v1/health');
    expect(health?.headers).not.toHaveProperty('idempotency-key');
  });

  it('is asked for once more under its name when the answer was lost', async () => {
    await using host = await knownHost();
    host.lose(1);
    const answer = await apply(host.fqdn);
    expect([answer.status, dataOf<JobAccepted>(answer).job_id]).toEqual([202, expect.any(String)]);
    const [first, second, ...more] = host.jobsAsked();
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(more).toEqual([]);
  });

  it('that was lost twice is not tried for ever, and nobody says that nothing was begun', async () => {
    await using host = await knownHost();
    host.lose(9);
    const { error } = (await apply(host.fqdn)).json();
    expect(error).toMatchObject({ code: 'AGENT_UNREACHABLE', details: { answer_lost: true } });
    expect(error.message).toContain('is not known');
    expect(host.jobsAsked()).toHaveLength(2);
  });

  it('is never asked for twice of an agent that does not know it again', async () => {
    await using host = await knownHost({});
    host.lose(1);
    expect((await apply(host.fqdn)).json().error.code).toBe('AGENT_UNREACHABLE');
    expect(host.jobsAsked()).toHaveLength(1);
    expect(host.jobsAsked()[0]?.headers).not.toHaveProperty('linux-patch-instance');
  });

  it.each([
    ['INSTANCE_MISMATCH', 410, /is not the installation that this manager saw last/],
    ['IDEMPOTENCY_CONFLICT', 409, /no/],
  ])('that the host refuses with %s is refused so to its caller', async (code, status, words) => {
    await using host = await knownHost();
    host.refuse(code, { instance_id: 'x' });
    const answer = await apply(host.fqdn, 'mine-1');
    expect([answer.status, answer.json().error]).toMatchObject([
      status,
      { code, message: expect.stringMatching(words), details: { instance_id: 'x' } },
    ]);
    expect(host.jobsAsked()).toHaveLength(1);
  });

  it('with a name that is none is refused before anything is asked', async () => {
    await using host = await knownHost();
    expect((await apply(host.fqdn, 'two words')).json().error.code).toBe('INVALID_REQUEST');
    expect(host.jobsAsked()).toEqual([]);
  });
});
