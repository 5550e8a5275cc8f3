import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf, newAgent, newHost, renew, serialOf } from './agents.ts';
import { revokedSerials } from './revoked.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const hostsOf = async () => (await world.admin('/hosts')).json().data.hosts;
const hostCalled = async (fqdn: string) => (await hostsOf()).filter((host) => host.fqdn === fqdn);
const revoked = () => revokedSerials(world);
const conflictsOf = async (id: string, of = world) =>
  (await of.admin(`/enrollments/${id}`)).json().data.conflicts;

/** A host that has joined and serves. */
async function livingHost(facts = newHost()) {
  const agent = await newAgent(world, { facts });
  const bundle = await agent.join();
  const serial = serialOf(bundle.server_crt);
  await agent.acknowledge(serial);
  const [host] = await hostCalled(facts.fqdn);
  return { agent, bundle, serial, facts, id: host?.id };
}

describe('a re-installed host', () => {
  it('keeps record and history; its old certificate is good until the new one is acknowledged, and then revoked', async () => {
    const old = await livingHost();
    await world.advance(60_000);
    const fresh = await newAgent(world, { facts: { ...old.facts, ip_address: '203.0.113.7' } });
    await fresh.register();
    expect((await fresh.approve({ code: fresh.code, replace: true })).status).toBe(200);
    const bundle = (await fresh.poll()).json();
    expect(await revoked()).not.toContain(old.serial);
    expect((await fresh.acknowledge(serialOf(bundle.server_crt), 'rejected')).status).toBe(200);
    expect(await revoked()).not.toContain(old.serial);
    const stillGood = { certificateChainPem: old.bundle.server_crt, keyPem: old.agent.keyPem };
    expect((await fresh.acknowledge(serialOf(bundle.server_crt))).status).toBe(200);
    expect(await revoked()).toContain(old.serial);
    expect((await renew(world, stillGood)).status).toBe(403);
    const [host, ...others] = await hostCalled(old.facts.fqdn);
    expect(others).toEqual([]);
    expect(host).toMatchObject({
      id: old.id,
      ip_address: '203.0.113.7',
      certificate_serial: serialOf(bundle.server_crt),
    });
    expect(Date.parse(host?.created_at ?? '')).toBeLessThan(world.clock.now() - 59_000);
  });

  it('loses also the certificates that its old key renewed after the approval', async () => {
    const old = await livingHost();
    const fresh = await newAgent(world, { facts: old.facts });
    await fresh.register();
    await fresh.approve();
    await world.advance(60_000);
    const current = { certificateChainPem: old.bundle.server_crt, keyPem: old.agent.keyPem };
    const renewed = (await renew(world, current)).json();
    await fresh.acknowledge(serialOf((await fresh.poll()).json().server_crt));
    expect(await revoked()).toEqual(expect.arrayContaining([old.serial, serialOf(renewed.server_crt)]));
  });

  it('keeps what its new key renewed before an acknowledgement that came late, and a later approval', async () => {
    const old = await livingHost();
    const fresh = await newAgent(world, { facts: old.facts });
    const bundle = await fresh.join();
    const renewed = (
      await renew(world, { certificateChainPem: bundle.server_crt, keyPem: fresh.keyPem })
    ).json();
    await world.advance(60_000);
    const later = await newAgent(world, { facts: old.facts });
    const laterBundle = await later.join();
    await fresh.acknowledge(serialOf(bundle.server_crt));
    const list = await revoked();
    expect(list).toContain(old.serial);
    for (const kept of [bundle, renewed, laterBundle]) expect(list).not.toContain(serialOf(kept.server_crt));
    await later.acknowledge(serialOf(laterBundle.server_crt));
    expect(await revoked()).toEqual(
      expect.arrayContaining([serialOf(bundle.server_crt), serialOf(renewed.server_crt)]),
    );
    expect(await revoked()).not.toContain(serialOf(laterBundle.server_crt));
  });

  it('under another name keeps its record when an administrator says so', async () => {
    const old = await livingHost();
    const renamed = { ...old.facts, ...namesOf(`renamed.${old.facts.fqdn}`), ip_address: '203.0.113.8' };
    const fresh = await newAgent(world, { facts: renamed });
    await fresh.register();
    await fresh.approve({ code: fresh.code, replace: true });
    expect(await hostCalled(old.facts.fqdn)).toEqual([]);
    expect(await hostCalled(renamed.fqdn)).toMatchObject([{ id: old.id }]);
    await fresh.acknowledge(serialOf((await fresh.poll()).json().server_crt));
    expect(await revoked()).toContain(old.serial);
  });

  it('at its old address needs only its code', async () => {
    const old = await livingHost();
    const fresh = await newAgent(world, { facts: old.facts });
    expect((await fresh.join()).status).toBe('approved');
    expect(await hostCalled(old.facts.fqdn)).toMatchObject([{ id: old.id }]);
  });

  it('at another address needs only its code once its old certificate has expired', async () => {
    const old = await livingHost();
    await world.database.db
      .updateTable('certificates')
      .set({ not_after: world.clock.now() - 1 })
      .where('serial', '=', old.serial)
      .execute();
    const fresh = await newAgent(world, { facts: { ...old.facts, ip_address: '203.0.113.9' } });
    await fresh.register();
    expect((await fresh.approve()).status).toBe(200);
    expect(await hostCalled(old.facts.fqdn)).toMatchObject([{ id: old.id, ip_address: '203.0.113.9' }]);
  });

  it('without its code or a word of an administrator takes over nothing', async () => {
    const old = await livingHost();
    const fresh = await newAgent(world, { facts: old.facts, modes: ['code', 'click'] });
    await fresh.register();
    const answer = await fresh.approve({});
    expect([answer.status, answer.json().error.code]).toEqual([409, 'HOST_CONFLICT']);
  });
});

describe('a copy of a host that still runs', () => {
  it('is shown as a conflict and is not let in by its code alone; the host stays as it is', async () => {
    const old = await livingHost();
    const copy = await newAgent(world, { facts: { ...old.facts, ip_address: '203.0.113.10' } });
    await copy.register();
    expect(await conflictsOf(copy.requestId)).toEqual([
      expect.stringMatching(/^host .*same machine-id, never reached yet$/),
    ]);
    const answer = await copy.approve();
    expect([answer.status, answer.json().error.code]).toEqual([409, 'HOST_CONFLICT']);
    expect(answer.json().error.message).toMatch(/certificate [0-9a-f]+ is valid.*--replace.*deny it/s);
    expect(await hostCalled(old.facts.fqdn)).toMatchObject([
      { id: old.id, ip_address: old.facts.ip_address, certificate_serial: old.serial },
    ]);
    expect((await copy.poll()).json()).toEqual({ status: 'pending' });
    const current = { certificateChainPem: old.bundle.server_crt, keyPem: old.agent.keyPem };
    expect((await renew(world, current)).status).toBe(200);
  });

  it('with a name of its own becomes a host of its own, and the conflict is shown before', async () => {
    const old = await livingHost();
    const copy = await newAgent(world, { facts: { ...newHost(), machine_id: old.facts.machine_id } });
    await copy.register();
    expect(await conflictsOf(copy.requestId)).toHaveLength(1);
    expect((await copy.approve()).status).toBe(200);
    expect(await hostCalled(old.facts.fqdn)).toMatchObject([{ id: old.id, certificate_serial: old.serial }]);
    expect(await revoked()).not.toContain(old.serial);
  });
});

describe('a name and the address of the manager itself', () => {
  it('are certified only where the configuration says so, and then for a host whose code was typed', async () => {
    await using addressed = await startWorld({
      server: { bind: '127.0.0.1', port: 0, url: 'https://192.0.2.1:8443', names: ['manager.example.test'] },
      certificates: { local_hosts: ['192.0.2.1', 'manager.example.test'] },
    });
    const own = { ...newHost(), ...namesOf('manager.example.test'), ip_address: '192.0.2.1' };
    const agent = await newAgent(addressed, { facts: own, modes: ['code', 'click'] });
    await agent.register();
    expect(await conflictsOf(agent.requestId, addressed)).toEqual([
      'manager.example.test is a name of this manager',
      '192.0.2.1 is an address of this manager',
    ]);
    expect((await agent.approve({})).json().error).toMatchObject({ code: 'HOST_CONFLICT' });
    expect((await agent.approve()).status).toBe(200);
    expect(addressed.logger.records[0]).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('certificates.local_hosts'),
    });
  });
});
