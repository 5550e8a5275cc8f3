import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostFacts, newAgent, newHost, newOlderAgent, renew, serialOf } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({
    server: {
      bind: '127.0.0.1',
      port: 0,
      url: 'https://manager.example.test:8443',
      names: ['*.mgmt.example.test', '192.0.2.1'],
    },
  });
});
afterEach(() => world[Symbol.asyncDispose]());

const named = (change: Partial<HostFacts>): HostFacts => ({ ...newHost(), ...change });
const namesIn = (pem: string) => new X509Certificate(pem).subjectAltName?.split(', ').sort();
const createToken = async (hosts: string) => (await world.admin('/tokens', { hosts })).json().data;
const hostRow = (fqdn: string) =>
  world.database.db.selectFrom('hosts').selectAll().where('fqdn', '=', fqdn).executeTakeFirstOrThrow();

describe('a request with a name or address of the manager, or of every machine', () => {
  it.each([
    { ip_address: '127.0.0.1' },
    { ip_address: '127.9.9.9' },
    { ip_address: '0.0.0.0' },
    { ip_address: '::' },
    { ip_address: '::1' },
    { ip_address: '::ffff:127.0.0.1' },
    { ip_address: '::ffff:7f00:1' },
    { ip_address: '255.255.255.255' },
    { ip_address: '224.0.0.251' },
    { ip_address: 'ff02::1' },
    { ip_address: '169.254.169.254' },
    { ip_address: 'fe80::1' },
    { ip_address: '192.0.2.1' },
    { fqdn: 'localhost', hostname: 'localhost' },
    { fqdn: 'LocalHost.LocalDomain', hostname: 'localhost' },
    { fqdn: 'db.localhost', hostname: 'db' },
    { fqdn: '127.0.0.1', hostname: '' },
    { fqdn: '127.1', hostname: '127' },
    { fqdn: 'manager.example.test', hostname: 'manager' },
    { fqdn: 'web.mgmt.example.test', hostname: 'web' },
    { hostname: 'localhost' },
    { hostname: 'manager.example.test' },
    { hostname: 'db1.prod' },
  ])('is refused at the door, with the member that is wrong: %j', async (change) => {
    const agent = await newAgent(world, { facts: named(change) });
    const answer = await agent.register();
    expect([answer.status, answer.json().error.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.json().error.message).toContain(`body.${Object.keys(change)[0]}: `);
    expect((await world.admin('/enrollments')).json().data.enrollments).toEqual([]);
  });

  it('is refused to agents of the older generation, too; a short name that does not fit is dropped', async () => {
    const refused = await newOlderAgent(world, named({ ip_address: '127.0.0.1' })).register();
    expect(refused.status).toBe(400);
    const agent = newOlderAgent(world, named({ hostname: 'db1.prod' }));
    expect((await agent.register()).status).toBe(202);
    await agent.approve();
    expect(namesIn((await agent.poll()).json().server_crt)).toEqual([
      `DNS:${agent.facts.fqdn}`,
      `IP Address:${agent.facts.ip_address}`,
    ]);
  });

  it('that waited since before gets no certificate, whoever approves it', async () => {
    const agent = await newAgent(world);
    await agent.register();
    await world.database.db
      .updateTable('enrollments')
      .set({ fqdn: 'manager.example.test' })
      .where('id', '=', agent.requestId)
      .execute();
    const older = newOlderAgent(world);
    await older.register();
    await world.database.db
      .updateTable('enrollments')
      .set({ ip_address: '127.0.0.1' })
      .where('fqdn', '=', older.facts.fqdn)
      .execute();
    const answer = await older.approve({ replace: true });
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.json().error.message).toMatch(
      /127\.0\.0\.1 is a loopback address.*certificates\.local_hosts/s,
    );
    expect((await older.poll()).json()).toEqual({ status: 'pending' });
  });
});

describe('a host that was certified for such a name before', () => {
  it('does not renew, and hosts list says why and what to do', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    await agent.acknowledge(serialOf(bundle.server_crt));
    const { fqdn } = agent.facts;
    await world.database.db
      .updateTable('hosts')
      .set({ ip_address: '127.0.0.1' })
      .where('fqdn', '=', fqdn)
      .execute();
    const answer = await renew(world, { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem });
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.json().error.message).toContain('127.0.0.1 is a loopback address');
    expect((await world.admin(`/hosts/${fqdn}`)).json().data).toMatchObject({
      identity: {
        state: 'not_renewable',
        message: expect.stringMatching(/127\.0\.0\.1 is a loopback address.*local_hosts/s),
      },
    });
    const audited = await world.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'certificate_renewal_refused')
      .execute();
    expect(audited).toHaveLength(1);
  });

  it('cannot be given such an address', async () => {
    const agent = await newAgent(world);
    await agent.join();
    const { id, ip_address } = await hostRow(agent.facts.fqdn);
    const answer = await world.local({
      method: 'PUT',
      path: `/api/v1/hosts/${id}`,
      body: { ip_address: '::ffff:127.0.0.1' },
    });
    expect([answer.status, answer.json().error.code]).toEqual([400, 'INVALID_REQUEST']);
    expect((await hostRow(agent.facts.fqdn)).ip_address).toBe(ip_address);
  });
});

describe('the short name of a host', () => {
  it('is certified as the first label of its full name, now and at a renewal', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    const { fqdn, hostname, ip_address } = agent.facts;
    const names = [`DNS:${fqdn}`, `DNS:${hostname}`, `IP Address:${ip_address}`].sort();
    expect(namesIn(bundle.server_crt)).toEqual(names);
    const current = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
    expect(namesIn((await renew(world, current)).json().server_crt)).toEqual(names);
  });

  it('that was recorded unchecked before is left out at the next renewal', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    await world.database.db
      .updateTable('hosts')
      .set({ hostname: 'db1.prod' })
      .where('fqdn', '=', agent.facts.fqdn)
      .execute();
    const current = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
    expect(namesIn((await renew(world, current)).json().server_crt)).toEqual([
      `DNS:${agent.facts.fqdn}`,
      `IP Address:${agent.facts.ip_address}`,
    ]);
    expect((await world.admin('/hosts/db1.prod')).json().error.code).toBe('HOST_NOT_FOUND');
    expect((await world.admin(`/hosts/${agent.facts.hostname}`)).status).toBe(200);
  });

  it('is left out when the join token is for other names: its pattern covers every name in the certificate', async () => {
    const { join_string: joinString } = await createToken('*.dev.example.test');
    const facts = named({ fqdn: 'db1.dev.example.test', hostname: 'db1' });
    const agent = await newAgent(world, { facts, joinString, modes: ['code', 'token'] });
    const bundle = await agent.join();
    const names = ['DNS:db1.dev.example.test', `IP Address:${facts.ip_address}`];
    expect(namesIn(bundle.server_crt)).toEqual(names);
    const current = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
    expect(namesIn((await renew(world, current)).json().server_crt)).toEqual(names);
    expect((await world.admin('/hosts/db1')).json().data.fqdn).toBe(facts.fqdn);
  });

  it('finds no request, so nobody approves a stranger by it', async () => {
    const stranger = await newAgent(world, {
      facts: named({ fqdn: 'db1.stranger.example', hostname: 'db1' }),
      modes: ['code', 'click'],
    });
    await stranger.register();
    const answer = await world.admin('/enrollments/db1/approve', {});
    expect([answer.status, answer.json().error.code]).toEqual([404, 'ENROLLMENT_NOT_FOUND']);
    expect((await world.admin('/enrollments/db1.stranger.example')).status).toBe(200);
  });
});
