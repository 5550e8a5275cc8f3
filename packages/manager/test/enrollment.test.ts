import { generateKey, managerApprovedTag, parseCertificates } from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, newOlderAgent, serialOf } from './agents.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('asking to join', () => {
  it('answers what the extension promises and shows administrators the key, never the token', async () => {
    const agent = await newAgent(world);
    const answer = await agent.register();
    expect(answer.status).toBe(202);
    const accepted = answer.json();
    expect(accepted.polling_token).toMatch(/^[A-Za-z0-9]{64}$/);
    expect(accepted.ext).toMatchObject({ v: 1, need: 'code', max_wait: 50, expires_in: 86_400 });
    expect(`sha256:${accepted.ext.ca_spki_sha256}`).toBe(world.caFingerprint);
    const shown = await world.admin(`/enrollments/${accepted.ext.key_id}`);
    expect(shown.json().data).toMatchObject({
      id: accepted.ext.request_id,
      state: 'pending',
      generation: 'current',
      fqdn: agent.facts.fqdn,
      observed_address: '127.0.0.1',
      conflicts: [],
    });
    expect(shown.text).not.toContain(agent.token);
    expect(JSON.stringify(world.logger.records)).not.toContain(agent.token);
    const rows = await world.database.db.selectFrom('enrollments').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(agent.token);
  });

  it('the same key with a proof gets a new token for the same request; the old token is void', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const { token: old, requestId } = agent;
    expect((await agent.register()).status).toBe(202);
    expect(agent.requestId).toBe(requestId);
    expect(agent.token).not.toBe(old);
    expect((await world.call({ path: `/api/v1/enroll/status/${old}` })).json()).toEqual({
      status: 'notfound',
    });
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
  });

  it('the same key without a proof, or with one that was seen before, changes nothing', async () => {
    const agent = await newAgent(world);
    const captured = { 'enroll-proof': agent.proveEnrol(agent.body) };
    await agent.register(captured);
    for (const headers of [{}, captured]) {
      const answer = await world.call({
        method: 'POST',
        path: '/api/v1/enroll',
        body: agent.body,
        headers: { ...headers },
      });
      expect(answer.status).toBe(409);
      expect(answer.json().error.code).toBe('ENROLLMENT_CONFLICT');
    }
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
  });

  it('refuses a proof by another key', async () => {
    const agent = await newAgent(world);
    const other = await newAgent(world);
    const answer = await agent.register({ 'enroll-proof': other.proveEnrol(agent.body) });
    expect(answer.status).toBe(401);
  });

  it('another key for the same machine is a request of its own, and both are marked', async () => {
    const facts = newHost();
    const [first, second] = [await newAgent(world, { facts }), await newAgent(world, { facts })];
    await first.register();
    await second.register();
    expect(second.requestId).not.toBe(first.requestId);
    for (const one of [first, second]) {
      const { conflicts } = (await world.admin(`/enrollments/${one.requestId}`)).json().data;
      expect(conflicts).toHaveLength(1);
    }
    const byName = await world.admin(`/enrollments/${facts.fqdn}`);
    expect(byName.status).toBe(404);
    expect(byName.json().error.message).toContain(first.requestId);
  });

  it('two requests of one key at the same time become one', async () => {
    const agent = await newAgent(world);
    const answers = await Promise.all([agent.register(), agent.register(), agent.register()]);
    expect(new Set(answers.map((one) => one.json().ext.request_id)).size).toBe(1);
  });

  it('takes five hundred hosts one after the other without losing one', async () => {
    const csrKey = await generateKey();
    const template = await newAgent(world, { keyPem: csrKey });
    await template.register();
    for (let number = 0; number < 500; number += 1) {
      const older = newOlderAgent(world, { ...newHost(), fqdn: `storm${number}.example.test` });
      expect((await older.register()).status).toBe(202);
    }
    const { enrollments } = (await world.admin('/enrollments?limit=1000')).json().data;
    expect(enrollments.filter((one) => one.fqdn.startsWith('storm'))).toHaveLength(500);
  });
});

describe('a polling token', () => {
  it('reads nothing without the key, in the path or in the header', async () => {
    const agent = await newAgent(world);
    await agent.register();
    await agent.approve();
    const thief = await newAgent(world);
    for (const call of [
      { path: `/api/v1/enroll/status/${agent.token}` },
      { path: '/api/v1/enroll/status/self', headers: { authorization: `Enroll ${agent.token}` } },
      {
        path: '/api/v1/enroll/status/self',
        headers: { authorization: `Enroll ${agent.token}`, 'enroll-proof': thief.proveEnrol('') },
      },
    ]) {
      const answer = await world.call(call);
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain('BEGIN');
    }
    expect((await agent.poll()).json().status).toBe('approved');
  });

  it('with a wrong clock is told the time, and works with it', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const nowS = Math.floor(world.clock.now() / 1000);
    const answer = await agent.poll({ timestampS: nowS - 86_400 });
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ success: false, server_time: nowS });
    expect((await agent.poll({ timestampS: answer.json().server_time })).status).toBe(200);
  });

  it('that nobody gave is unknown', async () => {
    for (const token of ['A'.repeat(64), 'short', '%00', 'self']) {
      const answer = await world.call({ path: `/api/v1/enroll/status/${token}` });
      expect([answer.status, answer.json()]).toEqual([200, { status: 'notfound' }]);
    }
  });
});

describe('approval with the host code', () => {
  it('gives a certificate with the approved names, and a tag that proves the manager', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const approved = await agent.approve();
    expect(approved.json().data).toMatchObject({
      state: 'approved',
      code_verified: true,
      decided_by: TESTER,
    });
    const bundle = (await agent.poll()).json();
    expect(bundle.server_key).toBeUndefined();
    const [leaf] = parseCertificates(bundle.server_crt);
    expect(leaf).toMatchObject({
      dnsNames: [agent.facts.fqdn, agent.facts.hostname],
      ipAddresses: [agent.facts.ip_address],
      isCa: false,
    });
    const request = await world.database.db
      .selectFrom('enrollments')
      .selectAll()
      .where('id', '=', agent.requestId)
      .executeTakeFirstOrThrow();
    expect(bundle.ext.tag_m).toBe(
      managerApprovedTag(agent.codeKey, {
        transcriptHash: agent.transcript,
        nonceM: request.nonce_m,
        serverCrt: bundle.server_crt,
        caCrt: bundle.ca_crt,
        caChain: bundle.ca_chain,
        crlPem: bundle.crl_pem,
        managerClient: bundle.ext.manager_client,
      }),
    );
  });

  it('takes the code as people type it', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const typed = ` ${agent.code.toLowerCase().replaceAll('-', ' ')} `;
    expect((await agent.approve({ code: typed })).status).toBe(200);
  });

  it('refuses a request whose names were changed on the way', async () => {
    const agent = await newAgent(world);
    const changed = JSON.stringify({ ...agent.facts, ip_address: '203.0.113.66', ext: agent.ext });
    const answer = await world.call({ method: 'POST', path: '/api/v1/enroll', body: changed });
    const id = answer.json().ext.request_id;
    const refused = await world.admin(`/enrollments/${id}/approve`, { code: agent.code });
    expect([refused.status, refused.json().error.code]).toEqual([409, 'CODE_MISMATCH']);
    expect((await world.admin(`/enrollments/${id}`)).json().data.state).toBe('pending');
  });

  it('five wrong codes lock the request for fifteen minutes, also for the right one', async () => {
    const agent = await newAgent(world);
    await agent.register();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect((await agent.approve({ code: '0000-0000-0000-0000' })).status).toBe(409);
    }
    const locked = await agent.approve();
    expect([locked.status, locked.json().error.code]).toEqual([423, 'ENROLLMENT_LOCKED']);
    expect(locked.headers['retry-after']).toBe('900');
    await world.advance(15 * 60_000 + 1);
    expect((await agent.approve()).status).toBe(200);
  });

  it('is demanded by an agent that believes only its code', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const answer = await agent.approve({});
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.json().error.message).toContain('--code');
    const other = await newAgent(world, { modes: ['code', 'click'] });
    await other.register();
    expect((await other.approve({})).json().data.code_verified).toBe(false);
    expect((await other.poll()).json().ext.tag_m).toBeUndefined();
  });

  it('twice, also at the same time, gives one certificate', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const answers = await Promise.all([agent.approve(), agent.approve()]);
    expect(answers.map((one) => one.status)).toEqual([200, 200]);
    const first = (await agent.poll()).json();
    expect((await agent.approve()).status).toBe(200);
    expect((await agent.poll()).json()).toEqual(first);
    const hostId = answers[0].json().data.host_id;
    const issued = await world.database.db
      .selectFrom('certificates')
      .selectAll()
      .where('host_id', '=', hostId)
      .execute();
    expect(issued.map((one) => one.serial)).toEqual([serialOf(first.server_crt)]);
  });

  it('never certifies names that changed while the code was checked', async () => {
    const keyPem = await generateKey();
    const honest = await newAgent(world, { keyPem });
    const swapped = await newAgent(world, { keyPem, facts: newHost() });
    await honest.register();
    const approval = honest.approve();
    await swapped.register();
    await approval;
    const answer = (await swapped.poll()).json();
    const certified =
      answer.status === 'approved' ? parseCertificates(answer.server_crt)[0]?.dnsNames : 'nothing';
    expect(['nothing', [honest.facts.fqdn, honest.facts.hostname]]).toContainEqual(certified);
  });

  it('refuses unknown members and unknown requests', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const answer = await agent.approve({ code: agent.code, force: true });
    expect(answer.json().error).toMatchObject({
      code: 'INVALID_REQUEST',
      details: { faults: [{ path: 'body.force', message: 'unknown member' }] },
    });
    const unknown = await world.admin('/enrollments/nobody.example.test/approve', {});
    expect([unknown.status, unknown.json().error.code]).toEqual([404, 'ENROLLMENT_NOT_FOUND']);
  });
});
