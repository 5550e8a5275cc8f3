import { generateKey } from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf, newAgent, newHost, renew, serialOf } from './agents.ts';
import { revokedSerials } from './revoked.ts';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a bundle', () => {
  it('survives restarts of the manager until it is acknowledged, byte by byte', async () => {
    const agent = await newAgent(world);
    const first = await agent.join();
    await world.restart();
    expect((await agent.poll()).json()).toEqual(first);
    expect((await agent.acknowledge(serialOf(first.server_crt))).status).toBe(200);
    await world.restart();
    expect((await agent.poll()).json()).toEqual({ status: 'notfound' });
    const row = (await world.admin(`/enrollments/${agent.requestId}`)).json().data;
    expect(row.state).toBe('installed');
  });

  it('stays when the agent rejects it, or acknowledges another serial number', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    expect((await agent.acknowledge(serialOf(bundle.server_crt), 'rejected')).status).toBe(200);
    expect((await agent.acknowledge('abc123')).status).toBe(404);
    expect((await agent.poll()).json()).toEqual(bundle);
  });

  it('that nobody fetched within a day is removed, and the same key may ask again', async () => {
    const agent = await newAgent(world);
    await agent.join();
    const { requestId } = agent;
    await world.advance(25 * HOUR_MS);
    expect((await agent.poll()).json()).toEqual({ status: 'notfound' });
    expect((await agent.register()).status).toBe(202);
    expect(agent.requestId).not.toBe(requestId);
    const over = await world.database.db
      .selectFrom('enrollments')
      .select('bundle')
      .where('id', '=', requestId)
      .executeTakeFirstOrThrow();
    expect(over.bundle).toBeNull();
    expect((await world.admin(`/enrollments/${requestId}`)).json().data.state).toBe('expired');
    expect((await agent.approve()).status).toBe(200);
  });
});

describe('a request', () => {
  it('that nobody decided is forgotten after a day', async () => {
    const agent = await newAgent(world);
    await agent.register();
    await world.advance(24 * HOUR_MS + 60_000);
    expect((await agent.poll()).json()).toEqual({ status: 'notfound' });
    const late = await agent.approve();
    // Expired, or removed already by the hourly upkeep.
    expect(['JOB_CONFLICT', 'ENROLLMENT_NOT_FOUND']).toContain(late.json().error.code);
    await (await newAgent(world)).register();
    expect((await world.admin(`/enrollments/${agent.requestId}`)).status).toBe(404);
  });
});

describe('a host that joins again', () => {
  it('keeps its record; its old certificate is revoked only after the new one is installed', async () => {
    const facts = newHost();
    const before = await newAgent(world, { facts });
    const old = serialOf((await before.join()).server_crt);
    await before.acknowledge(old);
    const after = await newAgent(world, { facts });
    const bundle = await after.join();
    expect(bundle.status).toBe('approved');
    expect(await revokedSerials(world)).not.toContain(old);
    await after.acknowledge(serialOf(bundle.server_crt));
    expect(await revokedSerials(world)).toContain(old);
    const { hosts } = (await world.admin('/hosts')).json().data;
    expect(hosts.filter((host) => host.fqdn === facts.fqdn)).toHaveLength(1);
  });

  it('from another machine needs the word of an administrator', async () => {
    const facts = newHost();
    await (await newAgent(world, { facts })).join();
    const other = await newAgent(world, { facts: { ...newHost(), ...namesOf(facts.fqdn) } });
    await other.register();
    const refused = await other.approve();
    expect([refused.status, refused.json().error.code]).toEqual([409, 'HOST_CONFLICT']);
    expect((await other.approve({ code: other.code, replace: true })).status).toBe(200);
  });

  it('with an address of another host needs the word of an administrator', async () => {
    const taken = newHost();
    await (await newAgent(world, { facts: taken })).join();
    const other = await newAgent(world, { facts: { ...newHost(), ip_address: taken.ip_address } });
    await other.register();
    expect((await other.approve()).json().error).toMatchObject({
      code: 'HOST_CONFLICT',
      details: { fqdn: taken.fqdn },
    });
  });

  it('an acknowledgement sent again does not revoke what was renewed meanwhile', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    const serial = serialOf(bundle.server_crt);
    await agent.acknowledge(serial);
    const renewed = await renew(world, { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem });
    expect(renewed.status).toBe(200);
    expect((await agent.acknowledge(serial)).status).toBe(200);
    expect(await revokedSerials(world)).not.toContain(serialOf(renewed.json().server_crt));
  });

  it('a late acknowledgement of an earlier approval does not revoke the newer certificate', async () => {
    const facts = newHost();
    const [early, later] = [await newAgent(world, { facts }), await newAgent(world, { facts })];
    const first = await early.join();
    await world.advance(1_000);
    const second = await later.join();
    await early.acknowledge(serialOf(first.server_crt));
    expect(await revokedSerials(world)).not.toContain(serialOf(second.server_crt));
    expect((await later.acknowledge(serialOf(second.server_crt))).status).toBe(200);
    expect(await revokedSerials(world)).toContain(serialOf(first.server_crt));
  });
});

describe('renewal', () => {
  it('gives a certificate for the new key with the names on record', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    const answer = await renew(world, { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem });
    expect(answer.status).toBe(200);
    expect(serialOf(answer.json().server_crt)).not.toBe(serialOf(bundle.server_crt));
    expect(answer.json()).toMatchObject({ ca_crt: bundle.ca_crt, manager_client: bundle.ext.manager_client });
  });

  it('refuses a proof that was used before, and one by another key', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    const current = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
    expect((await renew(world, current, 'a-proof-used-once')).status).toBe(200);
    expect((await renew(world, current, 'a-proof-used-once')).status).toBe(401);
    const foreign = await renew(world, { ...current, keyPem: await generateKey() });
    expect(foreign.status).toBe(401);
  });

  it('refuses a revoked certificate, one of a removed host, and one that expired long ago', async () => {
    const facts = newHost();
    const [before, after, removed] = [
      await newAgent(world, { facts }),
      await newAgent(world, { facts }),
      await newAgent(world),
    ];
    const old = await before.join();
    await before.acknowledge(serialOf(old.server_crt));
    const fresh = await after.join();
    await after.acknowledge(serialOf(fresh.server_crt));
    const revoked = await renew(world, { certificateChainPem: old.server_crt, keyPem: before.keyPem });
    expect([revoked.status, revoked.json().error.code]).toEqual([403, 'CERT_REVOKED']);
    expect(revoked.json().error.message).toContain('revoked');

    const gone = await removed.join();
    await world.database.db.deleteFrom('hosts').where('fqdn', '=', removed.facts.fqdn).execute();
    const orphan = await renew(world, { certificateChainPem: gone.server_crt, keyPem: removed.keyPem });
    expect(orphan.json().error.message).toContain('removed');

    await world.advance(396 * 24 * HOUR_MS);
    const late = await renew(world, { certificateChainPem: fresh.server_crt, keyPem: after.keyPem });
    expect([late.status, late.json().error.code]).toEqual([403, 'FORBIDDEN']);
  });
});
