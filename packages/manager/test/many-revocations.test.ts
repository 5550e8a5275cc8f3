import { Buffer } from 'node:buffer';
import { parseCrl } from '@linux-patch/pki';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, renew, serialOf } from './agents.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { listFor } from './revoked.ts';
import { startWorld, type World } from './world.ts';

const REVOKED = 100_000;
/** Room for the list of one host, with a few of the manager's own certificates. */
const LIST_LIMIT_BYTES = 2_000;

let world: World;
beforeAll(async () => {
  world = await startWorld(LISTENING);
  await sql`
    insert into certificates (serial, kind, ca, host_id, subject, spki_sha256, not_before, not_after, issued_at,
      revoked_at, revoke_reason)
    with recursive many(n) as (select 1 union all select n + 1 from many where n < ${REVOKED})
    select 'a00000000000000000000000' || substr(cast(100000000 + n as text), 2), 'agent', 'ca-1', 'gone-' || n, 'CN=gone', 'key-' || n,
      ${world.clock.now()}, ${world.clock.now() + 300 * 86_400_000}, ${world.clock.now()}, ${world.clock.now()},
      'cessationOfOperation'
    from many`.execute(world.database.db);
});
afterAll(() => world[Symbol.asyncDispose]());

const bytesOf = (text: string): number => Buffer.byteLength(text);

describe('with 100,000 revoked certificates', () => {
  it('hosts join and renew, and what they are sent is as small as with none', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    await agent.acknowledge(serialOf(bundle.server_crt));
    expect(bytesOf(bundle.crl_pem)).toBeLessThan(LIST_LIMIT_BYTES);
    const renewed = await renew(world, { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem });
    expect(renewed.status).toBe(200);
    expect(bytesOf(renewed.json().crl_pem)).toBeLessThan(LIST_LIMIT_BYTES);
    const trust = await world.call({ path: '/api/v1/pki/trust' });
    expect(bytesOf(JSON.parse(trust.text).crl_pem)).toBeLessThan(LIST_LIMIT_BYTES);
  });

  it('a revoked host is named in its own list, and only there', async () => {
    const serial = `a0${'77777'.padStart(30, '0')}`;
    const own = await listFor(world, serial);
    expect([...own.reasons]).toEqual([[serial, 5]]);
    expect((await listFor(world)).serials.size).toBe(0);
  });

  it('a revocation is a new list for one host, delivered, and costs nothing that grows', async () => {
    await using host = await joinListening(world);
    const revoked = await world.admin(`/certificates/${host.serial}/revoke`, { reason: 'keyCompromise' });
    expect(revoked.json().data).toMatchObject({ changed: true, delivery: { hosts: 1, taken: 1 } });
    const [sent = ''] = host.lists();
    expect(parseCrl(sent).serials).toEqual(new Set([host.serial]));
    expect(bytesOf(sent)).toBeLessThan(LIST_LIMIT_BYTES);
    const call = await world.admin(`/hosts/${host.fqdn}/packages`);
    expect(call.json().error.message).toContain('is revoked');
  });

  it('the same list is not signed again for whoever asks again', async () => {
    const ask = () => world.call({ path: `/api/v1/pki/crl.pem?serial=a0${'1'.padStart(30, '0')}` });
    const texts = new Set<string>();
    for (let count = 0; count < 20; count += 1) texts.add((await ask()).text);
    expect(texts.size).toBe(1);
  });
});
