import {
  generateKey,
  joinTokenKey,
  managerApprovedTag,
  parseCertificates,
  parseJoinString,
} from '@linux-patch/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf, newAgent, newHost, renew, serialOf } from './agents.ts';
import { startWorld, TESTER, type World } from './world.ts';

const HOUR_MS = 3_600_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

async function newToken(wish: object = {}) {
  const answer = await world.admin('/tokens', wish);
  expect(answer.status).toBe(200);
  return answer.json().data;
}

const tokenOf = async (id: string) =>
  (await world.admin('/tokens')).json().data.tokens.find((one) => one.id === id);
const requestOf = async (id: string) => (await world.admin(`/enrollments/${id}`)).json().data;

async function audited(event: string): Promise<Record<string, unknown>[]> {
  const rows = await world.database.db.selectFrom('audit').selectAll().where('event', '=', event).execute();
  return rows.map((row) => ({ actor: row.actor, ...(JSON.parse(row.fields) as object) }));
}

describe('a join token', () => {
  it('says what it is for, in one line, and comes with the line to paste', async () => {
    const { token, join_string: joinString, install_line: line } = await newToken({ note: 'for the spring' });
    expect((await tokenOf(token.id))?.note).toBe('for the spring');
    expect(await audited('join_token_created')).toContainEqual(
      expect.objectContaining({ token: token.id, note: 'for the spring' }),
    );
    expect(line.split('\n').slice(1)).toEqual([joinString, 'JOIN']);
    expect((await newToken()).token.note).toBeNull();
    for (const note of ['', 'two\nlines', 'two\u2028lines', 'n'.repeat(201)])
      expect([note, (await world.admin('/tokens', { note })).status]).toEqual([note, 400]);
  });

  it('lets a host in without a person, and the answer proves the manager by the secret', async () => {
    const { join_string: joinString, token } = await newToken();
    const agent = await newAgent(world, { joinString });
    const accepted = (await agent.register()).json();
    expect(accepted.ext).toMatchObject({ token: 'accepted', need: 'token' });
    const bundle = (await agent.poll()).json();
    expect(parseCertificates(bundle.server_crt)[0]?.dnsNames).toEqual([
      agent.facts.fqdn,
      agent.facts.hostname,
    ]);
    const { nonce_m: nonceM } = await world.database.db
      .selectFrom('enrollments')
      .select('nonce_m')
      .where('id', '=', agent.requestId)
      .executeTakeFirstOrThrow();
    expect(bundle.ext.tag_by).toBe('token');
    expect(bundle.ext.tag_m).toBe(
      managerApprovedTag(joinTokenKey(parseJoinString(joinString).secret), {
        transcriptHash: agent.transcript,
        nonceM,
        serverCrt: bundle.server_crt,
        caCrt: bundle.ca_crt,
        caChain: bundle.ca_chain,
        crlPem: bundle.crl_pem,
        managerClient: bundle.ext.manager_client,
      }),
    );
    expect(await requestOf(agent.requestId)).toMatchObject({
      state: 'approved',
      decided_by: `token:${token.id}`,
      code_verified: false,
      join_token: { id: token.id, verdict: 'accepted' },
    });
    expect((await agent.acknowledge(serialOf(bundle.server_crt))).status).toBe(200);
  });

  it('pins the CA that hosts will see', async () => {
    const { join_string: joinString } = await newToken();
    const pin = Buffer.from(parseJoinString(joinString).caSpkiSha256).toString('hex');
    expect(`sha256:${pin}`).toBe(world.caFingerprint);
    expect(parseJoinString(joinString).secret.length).toBeGreaterThanOrEqual(16);
  });

  it('is shown once: neither database nor log nor audit holds its secret', async () => {
    const { join_string: joinString, token } = await newToken();
    await (await newAgent(world, { joinString })).register();
    await world.restart();
    const secret = parseJoinString(joinString).secret;
    const file = await world.storedBytes();
    const text = `${JSON.stringify(world.logger.records)}${(await world.admin('/tokens')).text}`;
    for (const form of ['base64url', 'base64', 'hex'] as const) {
      expect(file.includes(Buffer.from(secret).toString(form))).toBe(false);
      expect(text).not.toContain(Buffer.from(secret).toString(form));
    }
    expect(file.includes(Buffer.from(secret))).toBe(false);
    expect(file.includes(token.id)).toBe(true);
  });

  it('works once by default; the second host waits for an administrator, and both sides are told why', async () => {
    const { join_string: joinString, token } = await newToken();
    const [first, second] = [await newAgent(world, { joinString }), await newAgent(world, { joinString })];
    await first.register();
    expect((await second.register()).json().ext).toMatchObject({ token: 'spent', need: 'code' });
    expect((await second.poll()).json()).toEqual({ status: 'pending' });
    expect(await requestOf(second.requestId)).toMatchObject({
      state: 'pending',
      join_token: { id: token.id, verdict: 'spent' },
    });
    expect(await tokenOf(token.id)).toMatchObject({
      state: 'spent',
      used: 1,
      uses: 1,
      used_by: [{ fqdn: first.facts.fqdn, enrollment: first.requestId }],
    });
    expect((await second.approve()).json().data).toMatchObject({ state: 'approved', code_verified: true });
  });

  it('is never used more often than it says, however many hosts come at once', async () => {
    const { join_string: joinString, token } = await newToken({ uses: 3 });
    const agents = await Promise.all(Array.from({ length: 12 }, () => newAgent(world, { joinString })));
    const answers = await Promise.all(agents.map((agent) => agent.register()));
    const count = (verdict: string) => answers.filter((one) => one.json().ext.token === verdict).length;
    expect([count('accepted'), count('spent')]).toEqual([3, 9]);
    expect(await tokenOf(token.id)).toMatchObject({ used: 3, state: 'spent' });
    const [row] = await audited('join_token_used').then((rows) =>
      rows.filter((one) => one.token === token.id).slice(-1),
    );
    expect(row).toMatchObject({ actor: `token:${token.id}`, used: 3, uses: 3 });
  });

  it('does not bring a revoked key back: that waits for an administrator', async () => {
    const { join_string: joinString } = await newToken({ uses: 5 });
    const agent = await newAgent(world, { joinString });
    await agent.register();
    const serial = serialOf((await agent.poll()).json().server_crt);
    await agent.acknowledge(serial);
    await world.admin(`/certificates/${serial}/revoke`, { reason: 'keyCompromise' });
    const thief = await newAgent(world, { joinString, facts: agent.facts, keyPem: agent.keyPem });
    expect((await thief.register()).json().ext).toMatchObject({ token: 'host_conflict' });
    expect((await thief.poll()).json().status).toBe('pending');
  });

  it('is not spent again by a host that repeats its registration, at once or later', async () => {
    const { join_string: joinString, token } = await newToken({ uses: 2, ttl_seconds: 7 * 86_400 });
    const agent = await newAgent(world, { joinString });
    const answers = await Promise.all([agent.register(), agent.register(), agent.register()]);
    expect(answers.map((one) => one.json().ext.token)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await tokenOf(token.id)).toMatchObject({ used: 1 });
    // Nobody fetched the answer for a day, and the same host comes again.
    await world.advance(25 * HOUR_MS);
    expect((await agent.register()).json().ext.token).toBe('accepted');
    expect((await agent.poll()).json().status).toBe('approved');
    expect(await tokenOf(token.id)).toMatchObject({ used: 1, state: 'active' });
  });

  it('of one use does not give the same key a second name', async () => {
    const { join_string: joinString } = await newToken();
    const keyPem = await generateKey();
    const first = await newAgent(world, { joinString, keyPem });
    const bundle = (await first.register(), (await first.poll()).json());
    await first.acknowledge(serialOf(bundle.server_crt));
    const other = await newAgent(world, { joinString, keyPem });
    expect((await other.register()).json().ext.token).toBe('spent');
  });

  it('that comes later lets a host in that waits already', async () => {
    const keyPem = await generateKey();
    const facts = newHost();
    const without = await newAgent(world, { keyPem, facts });
    await without.register();
    const { join_string: joinString } = await newToken();
    const withToken = await newAgent(world, { keyPem, facts, joinString });
    expect((await withToken.register()).json().ext.token).toBe('accepted');
    expect(withToken.requestId).toBe(without.requestId);
    expect((await withToken.poll()).json().status).toBe('approved');
  });

  it('goes past a queue that a flood has filled', async () => {
    await using small = await startWorld({ enrollment: { requests_per_minute: 100_000, max_pending: 2 } });
    for (let number = 0; number < 3; number += 1) await (await newAgent(small)).register();
    const { join_string: joinString } = (await small.admin('/tokens', {})).json().data;
    const agent = await newAgent(small, { joinString });
    expect((await agent.register()).json().ext.token).toBe('accepted');
    const { enrollments } = (await small.admin('/enrollments')).json().data;
    expect(enrollments).toHaveLength(1);
  });
});

describe('a join token that lets nobody in', () => {
  const refused = async (joinString: string, facts = newHost()) => {
    const agent = await newAgent(world, { joinString, facts });
    const verdict = (await agent.register()).json().ext.token;
    const request = await requestOf(agent.requestId);
    expect(request).toMatchObject({ state: 'pending', join_token: { verdict } });
    expect((await agent.poll()).json()).toEqual({ status: 'pending' });
    const [row] = (await audited('join_token_refused')).slice(-1);
    expect(row).toMatchObject({ enrollment: agent.requestId, verdict });
    return verdict;
  };

  it('has expired', async () => {
    const { join_string: joinString, token } = await newToken({ ttl_seconds: 60 });
    await world.advance(60_000);
    expect(await refused(joinString)).toBe('expired');
    expect(await tokenOf(token.id)).toMatchObject({ state: 'expired', used: 0 });
  });

  it('was revoked, which can be said twice', async () => {
    const { join_string: joinString, token } = await newToken();
    for (let time = 0; time < 2; time += 1) {
      const answer = await world.admin(`/tokens/${token.id}/revoke`, {});
      expect(answer.json().data).toMatchObject({ state: 'revoked', revoked_at: expect.any(String) });
    }
    expect(await refused(joinString)).toBe('revoked');
    expect((await audited('join_token_revoked')).filter((one) => one.token === token.id)).toHaveLength(1);
  });

  it('is for hosts of other names', async () => {
    const { join_string: joinString, token } = await newToken({ hosts: 'WEB*.example.test' });
    expect(await refused(joinString)).toBe('wrong_host');
    const web = { ...newHost(), ...namesOf('web1.example.test') };
    const agent = await newAgent(world, { joinString, facts: web });
    expect((await agent.register()).json().ext.token).toBe('accepted');
    expect(await tokenOf(token.id)).toMatchObject({ hosts: 'web*.example.test', used: 1 });
  });

  it('is of another manager', async () => {
    await using other = await startWorld();
    const foreign = (await other.admin('/tokens', {})).json().data.join_string;
    expect(await refused(foreign)).toBe('unknown');
  });

  it('comes with a request that was changed on the way', async () => {
    const { join_string: joinString, token } = await newToken();
    const agent = await newAgent(world, { joinString });
    for (const change of [
      { ip_address: '203.0.113.66' },
      namesOf('evil.example.test'),
      { machine_id: 'f'.repeat(32) },
    ]) {
      const fresh = await newAgent(world, { joinString });
      const body = { ...fresh.facts, ...change, ext: { ...fresh.ext } };
      const answer = await world.call({ method: 'POST', path: '/api/v1/enroll', body });
      expect(answer.json().ext.token).toBe('wrong_proof');
    }
    // Neither is a proof of another request worth anything.
    const thief = await newAgent(world);
    const body = {
      ...thief.facts,
      ext: { ...thief.ext, token_id: agent.ext.token_id, token_mac: agent.ext.token_mac },
    };
    const stolen = await world.call({ method: 'POST', path: '/api/v1/enroll', body });
    expect(stolen.json().ext.token).toBe('wrong_proof');
    expect(await tokenOf(token.id)).toMatchObject({ used: 0 });
    expect((await agent.register()).json().ext.token).toBe('accepted');
  });

  it.each<[string, (known: ReturnType<typeof newHost>) => object]>([
    ['name', (known) => namesOf(known.fqdn)],
    ['name and machine-id', (known) => ({ ...namesOf(known.fqdn), machine_id: known.machine_id })],
    ['machine-id', (known) => ({ machine_id: known.machine_id })],
    ['address', (known) => ({ ip_address: known.ip_address })],
  ])(
    'is used with the %s of a host that is known already; that is not its own to take over',
    async (_what, borrow) => {
      const known = newHost();
      await (await newAgent(world, { facts: known })).join();
      const { join_string: joinString, token } = await newToken();
      expect(await refused(joinString, { ...newHost(), ...borrow(known) })).toBe('host_conflict');
      expect(await tokenOf(token.id)).toMatchObject({ used: 0 });
    },
  );

  it('is used with the name of the manager itself, where hosts may have that at all', async () => {
    await using local = await startWorld({ certificates: { local_hosts: ['manager.example.test'] } });
    const { join_string: joinString } = (await local.admin('/tokens', {})).json().data;
    const facts = { ...newHost(), ...namesOf('manager.example.test') };
    const agent = await newAgent(local, { joinString, facts });
    expect((await agent.register()).json().ext.token).toBe('host_conflict');
  });
});

describe('a host that a join token let in', () => {
  it('renews as every other host, also when the token is revoked', async () => {
    const { join_string: joinString, token } = await newToken();
    const agent = await newAgent(world, { joinString });
    await agent.register();
    const bundle = (await agent.poll()).json();
    await agent.acknowledge(serialOf(bundle.server_crt));
    await world.admin(`/tokens/${token.id}/revoke`, {});
    const renewed = await renew(world, { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem });
    expect(renewed.status).toBe(200);
  });
});

describe('the routes of join tokens', () => {
  it('need a credential', async () => {
    for (const path of ['/api/v1/tokens', '/api/v1/tokens/0123456789abcdef']) {
      expect((await world.call({ path })).status).toBe(401);
    }
    expect((await world.call({ method: 'POST', path: '/api/v1/tokens', body: {} })).status).toBe(401);
  });

  it.each([
    [{ ttl_seconds: 59 }],
    [{ ttl_seconds: 91 * 86_400 }],
    [{ uses: 0 }],
    [{ hosts: 'a..b' }],
    [{ hosts: 'a b' }],
    [{ hosts: '(a+)+' }],
    [{ secret: 'mine' }],
  ])('refuse %j', async (wish) => {
    const answer = await world.admin('/tokens', wish);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  it('know no token of another id, and do not take a join string for one', async () => {
    const { join_string: joinString } = await newToken();
    for (const id of ['0123456789abcdef', encodeURIComponent(joinString)]) {
      const answer = await world.admin(`/tokens/${id}/revoke`, {});
      expect([answer.status, answer.json().error.code]).toEqual([404, 'JOIN_TOKEN_NOT_FOUND']);
      expect(answer.text).not.toContain(joinString);
    }
  });

  it('record who made a token and for what', async () => {
    const { token } = await newToken({ uses: 7, hosts: '*.example.test' });
    const [row] = (await audited('join_token_created')).slice(-1);
    expect(row).toMatchObject({ actor: TESTER, token: token.id, uses: 7, hosts: '*.example.test' });
  });
});
