import { randomUUID } from 'node:crypto';
import { createLeaveProof } from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, renew, serialOf } from './agents.ts';
import type { Answer } from './https-call.ts';
import { listFor } from './revoked.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

interface Holder {
  readonly certificateChainPem: string;
  readonly keyPem: string;
}

/** A host that has joined, and its identity. */
async function joined(wish: Parameters<typeof newAgent>[1] = {}) {
  const agent = await newAgent(world, wish);
  const { server_crt: certificateChainPem } = await agent.join();
  await agent.acknowledge(serialOf(certificateChainPem));
  return { agent, identity: { certificateChainPem, keyPem: agent.keyPem } };
}

function leave(
  identity: Holder,
  audience = 'https://manager.example.test:8443/api/v1/enroll/leave',
): Promise<Answer> {
  const proof = createLeaveProof({
    privateKeyPem: identity.keyPem,
    certificateChainPem: identity.certificateChainPem,
    audience,
    nowS: Math.floor(world.clock.now() / 1000),
    jti: randomUUID(),
  });
  return world.call({ method: 'POST', path: '/api/v1/enroll/leave', body: { proof } });
}

const listed = async (serial: string): Promise<boolean> => (await listFor(world, serial)).serials.has(serial);

async function audited(event: string): Promise<Record<string, unknown>[]> {
  const rows = await world.database.db
    .selectFrom('audit')
    .selectAll()
    .where('event', '=', event)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({ actor: row.actor, ...(JSON.parse(row.fields) as object) }));
}

describe('a host that leaves', () => {
  it('has its certificates revoked, stays in the records, and is in the audit log', async () => {
    const { agent, identity } = await joined();
    const serial = serialOf(identity.certificateChainPem);
    const answer = await leave(identity);
    expect([answer.status, answer.json()]).toEqual([200, { fqdn: agent.facts.fqdn, revoked: 1 }]);
    expect(await listed(serial)).toBe(true);
    const host = await world.database.db
      .selectFrom('hosts')
      .selectAll()
      .where('fqdn', '=', agent.facts.fqdn)
      .executeTakeFirstOrThrow();
    expect(host.left_at).toBe(world.clock.now());
    expect((await audited('host_left')).at(-1)).toMatchObject({
      actor: expect.stringMatching(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/),
      host: host.id,
      serial,
    });
    expect((await audited('certificate_revoked')).at(-1)).toMatchObject({
      serial,
      reason: 'cessationOfOperation',
    });
  });

  it('may say it again when the answer was lost, and cannot renew any more', async () => {
    const { agent, identity } = await joined();
    await leave(identity);
    const again = await leave(identity);
    expect([again.status, again.json()]).toEqual([200, { fqdn: agent.facts.fqdn, revoked: 0 }]);
    const refused = await renew(world, identity);
    expect([refused.status, refused.json().error.code]).toEqual([403, 'CERT_REVOKED']);
  });

  it('can join again without --replace, and takes its record up', async () => {
    const { agent, identity } = await joined();
    await leave(identity);
    const back = await newAgent(world, { facts: { ...agent.facts, machine_id: 'f'.repeat(32) } });
    await back.register();
    expect((await back.approve()).status).toBe(200);
    const hosts = await world.database.db
      .selectFrom('hosts')
      .select('left_at')
      .where('fqdn', '=', agent.facts.fqdn)
      .execute();
    expect(hosts).toEqual([{ left_at: null }]);
    expect((await leave(identity)).json()).toMatchObject({ revoked: 0 });
    expect((await back.poll()).json().status).toBe('approved');
  });

  it('is not let go for somebody else: other key, other address, other manager', async () => {
    const { identity } = await joined();
    const { agent: other } = await joined();
    const stolen = await leave({ ...identity, keyPem: other.keyPem });
    expect([stolen.status, stolen.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect((await leave(identity, 'https://elsewhere.example.test/api/v1/enroll/leave')).status).toBe(401);
    await using elsewhere = await startWorld();
    const foreign = await newAgent(elsewhere);
    const { server_crt } = await foreign.join();
    const refused = await leave({ certificateChainPem: server_crt, keyPem: foreign.keyPem });
    expect([refused.status, refused.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect((await audited('host_leave_refused')).at(-1)).toMatchObject({ serial: serialOf(server_crt) });
    expect(await listed(serialOf(identity.certificateChainPem))).toBe(false);
  });
});
