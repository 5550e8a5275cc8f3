import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const DEEP = `${'{"a":'.repeat(1_200)}1${'}'.repeat(1_200)}`;

/** Asks as an older agent does, with facts about its system as text. */
function ask(fqdn: string, osDetails: string) {
  const facts = JSON.stringify({ ...newHost(), fqdn }).replace(
    /"os_details":\{[^}]*\}/,
    `"os_details":${osDetails}`,
  );
  return world.call({ method: 'POST', path: '/api/v1/enroll', body: facts });
}

const detailsOf = async (fqdn: string) => (await world.admin(`/enrollments/${fqdn}`)).json().data.os_details;

describe('facts about the system of a host', () => {
  it.each([
    ['an object below a known name', '{"distro":{"a":{"b":[1]}},"version":"12"}', { version: '12' }],
    ['an object for a text', '{"distro":{"toString":1},"kernel":"6.1"}', { kernel: '6.1' }],
    [
      'texts that steer a terminal',
      '{"distro":"\\u001b[31m","name":"a\\u202eb","os":"linux"}',
      { os: 'linux' },
    ],
    ['a text without measure', `{"distro":"${'x'.repeat(4_000)}","version":"12"}`, { version: '12' }],
    [
      'names that nobody knows',
      '{"x":"y","__proto__":{"distro":"z"},"id_like":"debian"}',
      { id_like: 'debian' },
    ],
    ['letters of any script', '{"distro":"Débian 東京"}', { distro: 'Débian 東京' }],
    ['no port', '{"agent_port":"22","os":"linux"}', { os: 'linux' }],
  ])('keep of %s only what is known and short', async (what, text, kept) => {
    const fqdn = `${what.replaceAll(' ', '-')}.example.test`;
    expect((await ask(fqdn, text)).status).toBe(202);
    expect(await detailsOf(fqdn)).toEqual(kept);
  });

  it('nested without end are refused', async () => {
    const answer = await ask('nested.example.test', DEEP);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  it('and other rows that were stored badly hide nothing else, in no listing', async () => {
    const agents = [await newAgent(world), await newAgent(world), await newAgent(world)];
    for (const agent of agents) await agent.register();
    const [good, bad, host] = agents;
    await host?.approve();
    const { db } = world.database;
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const damaged = { os_details: deep, extension: '{' };
    await db
      .updateTable('enrollments')
      .set(damaged)
      .where('id', '=', bad?.requestId ?? '')
      .execute();
    await db.updateTable('hosts').set({ os_details: deep }).execute();
    const hosts = await db.selectFrom('hosts').select('id').execute();
    await db
      .insertInto('host_reports')
      .values(hosts.map(({ id }) => ({ host_id: id, at: 0, health: '[', served_serial: null })))
      .execute();
    const listed = (await world.admin('/enrollments?state=all')).json().data.enrollments;
    expect(listed.map((one) => one.id)).toEqual(expect.arrayContaining([good?.requestId, bad?.requestId]));
    expect(listed.find((one) => one.id === bad?.requestId)).toMatchObject({
      os_details: {},
      modes: ['code'],
    });
    expect((await world.admin('/hosts')).json().data.hosts).toMatchObject([
      { fqdn: host?.facts.fqdn, os_details: {} },
    ]);
    expect((await world.admin(`/enrollments/${bad?.requestId}`)).status).toBe(200);
    expect((await world.admin(`/enrollments/${bad?.requestId}/deny`, {})).status).toBe(200);
  });
});
