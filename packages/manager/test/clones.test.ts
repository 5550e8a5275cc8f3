import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, newOlderAgent, serialOf } from './agents.ts';
import { startWorld, type World } from './world.ts';

const KEY_ID = 'QRQN-KA9Z-SEZ3-CFP8';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const hosts = () => world.database.db.selectFrom('hosts').selectAll().execute();
const recordOf = async (fqdn: string) => (await hosts()).find((one) => one.fqdn === fqdn);
const certificates = async (serial: string) =>
  world.database.db
    .selectFrom('certificates')
    .select('revoked_at')
    .where('serial', '=', serial)
    .executeTakeFirst();
const markSeen = (fqdn: string) =>
  world.database.db
    .updateTable('hosts')
    .set({ last_seen_at: world.clock.now() - 60_000 })
    .where('fqdn', '=', fqdn)
    .execute();

/** A host that has joined and answers. */
async function aliveHost() {
  const first = await newAgent(world);
  const bundle = await first.join();
  await first.acknowledge(serialOf(bundle.server_crt));
  await markSeen(first.facts.fqdn);
  return { first, serial: serialOf(bundle.server_crt), record: await recordOf(first.facts.fqdn) };
}

describe('a clone of a host that is alive', () => {
  it('with the same machine-id and a name of its own becomes a host beside it, and is marked before', async () => {
    const { first, serial, record } = await aliveHost();
    const facts = { ...newHost(), machine_id: first.facts.machine_id };
    const clone = await newAgent(world, { facts });
    await clone.register();
    const { conflicts } = (await world.admin(`/enrollments/${clone.requestId}`)).json().data;
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]).toContain(`host ${first.facts.fqdn} (${first.facts.ip_address}), same machine-id`);
    expect((await clone.approve()).status).toBe(200);
    expect(await recordOf(first.facts.fqdn)).toEqual(record);
    expect((await recordOf(facts.fqdn))?.id).not.toBe(record?.id);
    expect((await certificates(serial))?.revoked_at).toBeNull();
  });

  it('with the same machine-id and the same name takes over nothing, not even with its own code', async () => {
    const { first, serial, record } = await aliveHost();
    const facts = { ...first.facts, ip_address: newHost().ip_address };
    const clone = await newAgent(world, { facts });
    await clone.register();
    for (const body of [undefined, {}]) {
      const answer = await (body ? clone.approve(body) : clone.approve());
      expect([403, 409]).toContain(answer.status);
    }
    const refused = (await clone.approve()).json().error;
    expect(refused.code).toBe('HOST_CONFLICT');
    expect(refused.message).toContain('comes from a copy of it');
    expect(refused.message).toContain('--replace');
    expect(await recordOf(first.facts.fqdn)).toEqual(record);
    expect((await certificates(serial))?.revoked_at).toBeNull();
    expect((await clone.poll()).json()).toEqual({ status: 'pending' });
  });

  it('takes its place when an administrator says so', async () => {
    const { first, record } = await aliveHost();
    const facts = { ...first.facts, ip_address: newHost().ip_address };
    const clone = await newAgent(world, { facts });
    await clone.register();
    expect((await clone.approve({ code: clone.code, replace: true })).status).toBe(200);
    expect(await recordOf(facts.fqdn)).toMatchObject({ id: record?.id, ip_address: facts.ip_address });
  });

  it('of the older generation takes over nothing either', async () => {
    const { first, record } = await aliveHost();
    const older = newOlderAgent(world, { ...first.facts, ip_address: newHost().ip_address });
    await older.register();
    expect((await older.approve()).status).toBe(409);
    expect(await recordOf(first.facts.fqdn)).toEqual(record);
  });
});

describe('a host on which the certificates of another one lie', () => {
  it('is shown as a clone with their key id, and asks for --replace at the same address too', async () => {
    const { first, record } = await aliveHost();
    const clone = await newAgent(world, { facts: first.facts, cloneOf: KEY_ID });
    await clone.register();
    const shown = (await world.admin(`/enrollments/${clone.requestId}`)).json().data;
    expect(shown.conflicts[0]).toContain(`it is a clone: the certificates of another host, key id ${KEY_ID}`);
    expect((await clone.approve()).json().error.code).toBe('HOST_CONFLICT');
    expect(await recordOf(first.facts.fqdn)).toEqual(record);
  });

  it('may not say so in other words', async () => {
    const clone = await newAgent(world, { cloneOf: 'look, a table: <b>' });
    expect((await clone.register()).status).toBe(400);
  });
});
