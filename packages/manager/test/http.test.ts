import { once } from 'node:events';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { connect as connectLocally } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, newOlderAgent } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const ENROL = { method: 'POST', path: '/api/v1/enroll' };

describe('every answer', () => {
  it('has a request id, and takes over the one of the caller', async () => {
    const id = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
    const answer = await world.call({ path: '/nowhere', headers: { 'x-request-id': id } });
    expect(answer.status).toBe(404);
    expect(answer.headers).toMatchObject({
      'x-request-id': id,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(answer.json()).toMatchObject({
      success: false,
      request_id: id,
      data: null,
      error: { code: 'NOT_FOUND', retryable: false },
    });
  });

  it('to a method that is not served says which ones are', async () => {
    const put = await world.call({ method: 'PUT', path: '/api/v1/enroll' });
    expect([put.status, put.headers.allow]).toEqual([405, 'POST']);
    expect(put.json().error.code).toBe('METHOD_NOT_ALLOWED');
    expect((await world.call({ method: 'DELETE', path: '/api/v1/pki/ca.pem' })).headers.allow).toBe('GET');
    expect((await world.call({ method: 'TRACE', path: '/api/v1/enroll' })).status).toBe(405);
  });

  it('to a path that looks like another host is a plain 404', async () => {
    for (const path of ['//', '//[', '//evil.example/api/v1/status', '/%2e%2e/%00']) {
      expect((await world.call({ path })).status).toBe(404);
    }
  });
});

describe('what is no HTTP, or asks for what it has not', () => {
  const texts = [
    ['garbage', 'garbage\r\n\r\n', 400, 'INVALID_REQUEST'],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'INVALID_REQUEST',
    ],
    [
      'an expectation',
      'GET /api/v1/x HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nConnection: close\r\n\r\n',
      404,
      'NOT_FOUND',
    ],
  ] as const;
  const ways = ['HTTPS', "the command line's socket"] as const;

  it.each(ways.flatMap((way) => texts.map(([what, ...rest]) => [what, way, ...rest] as const)))(
    '%s by %s is answered in the envelope',
    async (_what, way, text, status, code) => {
      const socket =
        way === 'HTTPS'
          ? connect({ host: '127.0.0.1', port: world.port, ca: world.caPem })
          : connectLocally(world.paths.adminSocket);
      socket.write(text);
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(socket, 'close');
      const answer = Buffer.concat(chunks).toString();
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      const envelope: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
      expect(envelope).toMatchObject({ success: false, error: { code } });
    },
  );
});

describe('hostile requests to join', () => {
  const refusals: [string, object | string, number, Record<string, string>?][] = [
    ['no JSON', '{"machine_id":', 400],
    ['no object', '[]', 400],
    ['nothing', '', 400],
    ['another media type', 'a=b', 415, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a missing member', { fqdn: 'a.example.test' }, 400],
    ['a name with a line break', { ...newHost(), fqdn: 'a\nb' }, 400],
    ['a name with an escape sequence', { ...newHost(), fqdn: '\u001b[31mroot' }, 400],
    ['a wildcard', { ...newHost(), fqdn: '*.example.test' }, 400],
    ['a short name that is none', { ...newHost(), hostname: 'a b' }, 400],
    ['a machine-id with a line break', { ...newHost(), machine_id: 'a\nb' }, 400],
    ['no address', { ...newHost(), ip_address: '999.1.1.1' }, 400],
    ['facts without measure', { ...newHost(), os_details: { x: 'y'.repeat(20_000) } }, 413],
    ['facts that are a list', { ...newHost(), os_details: [] }, 400],
  ];
  it.each(refusals)('%s is a fault of the caller', async (_what, body, status, headers = {}) => {
    const json = { 'content-type': 'application/json' };
    const answer = await world.call({ ...ENROL, body, headers: { ...json, ...headers } });
    expect([answer.status, answer.json().success]).toEqual([status, false]);
  });

  it('a request that is no certificate request is a fault of the caller, with its place', async () => {
    const agent = await newAgent(world);
    const body = { ...agent.facts, ext: { ...agent.ext, csr: 'garbage' } };
    const answer = await world.call({ ...ENROL, body });
    expect(answer.status).toBe(400);
    expect(answer.json().error.details.faults[0]?.path).toBe('body.ext.csr');
  });

  it('members that nobody knows are accepted, because other generations send their own', async () => {
    const answer = await world.call({ ...ENROL, body: { ...newHost(), agent_version: '0.9', labels: [] } });
    expect(answer.status).toBe(202);
  });

  it('a huge body is refused before it is read whole', async () => {
    const answer = await world.call({ ...ENROL, body: { ...newHost(), filler: 'x'.repeat(300_000) } });
    expect([answer.status, answer.json().error.code]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('are not logged as faults of the manager', () => {
    expect(world.logger.records.filter((one) => one.level === 'error')).toEqual([]);
  });
});

describe('the admin token', () => {
  const TOKEN = 'a-token-of-version-1.2-with-43-characters--';
  const authorization = `Bearer ${TOKEN}`;
  /** A manager that finds this token when it starts. */
  const startWith = async (token: string, mode = 0o600) => {
    const other = await startWorld();
    await writeFile(other.paths.adminToken, `${token}\n`);
    await chmod(other.paths.adminToken, mode);
    await other.restart();
    return other;
  };

  it('does not exist unless somebody makes it: over HTTPS every path of administrators is shut', async () => {
    await expect(stat(world.paths.adminToken)).rejects.toThrow('ENOENT');
    for (const path of ['/status', '/enrollments', '/enrollments/x', '/hosts', '/hosts/x/packages']) {
      for (const wrong of ['', 'Bearer', 'Bearer wrong', 'Bearer undefined', 'Basic wrong', 'Enroll wrong']) {
        const answer = await world.call({ path: `/api/v1${path}`, headers: { authorization: wrong } });
        expect([401, 429]).toContain(answer.status);
        expect(answer.json().data).toBeNull();
      }
    }
  });

  it('of version 1.2 goes on to be accepted, with a word in log and audit, and is recorded as who calls', async () => {
    await using upgraded = await startWith(TOKEN);
    const denied = { method: 'POST', path: '/api/v1/enrollments/x/deny', body: {} };
    const calls = [
      await upgraded.call({ path: '/api/v1/hosts', headers: { authorization } }),
      await upgraded.call({ ...denied, headers: { authorization } }),
    ];
    expect(calls.map((one) => one.status)).toEqual([200, 404]);
    const path = upgraded.paths.adminToken;
    expect(upgraded.logger.records).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(/^Whoever has the admin token/),
        fields: { path },
      }),
    );
    const rows = await upgraded.database.db
      .selectFrom('audit')
      .select(['actor', 'event', 'fields'])
      .where('event', 'in', ['admin_token_accepted', 'admin_call'])
      .execute();
    expect(rows.map((row) => [row.actor, row.event])).toEqual([
      ['manager', 'admin_token_accepted'],
      ['admin', 'admin_call'],
    ]);
    expect(JSON.stringify([rows, upgraded.logger.records])).not.toContain(TOKEN);
  });

  it.each<[string, string, number, RegExp]>([
    ['others can read', TOKEN, 0o644, /can be read by others \(mode 0644\).*chmod 600/],
    ['can be guessed', 'secret', 0o600, /less than 32 characters/],
    ['is empty', '', 0o600, /less than 32 characters/],
  ])('that %s is not accepted', async (_what, token, mode, why) => {
    await using careless = await startWith(token, mode);
    const headers = { authorization: `Bearer ${token}` };
    expect((await careless.call({ path: '/api/v1/hosts', headers })).status).toBe(401);
    expect((await careless.admin('/hosts')).status).toBe(200);
    const said = careless.logger.records.find(
      (one) => one.level === 'error' && one.message.includes('admin.token'),
    );
    expect(said?.message).toMatch(why);
    if (token !== '') expect(said?.message).not.toContain(token);
  });

  it('guessing is slowed down, and does not lock out who has the token', async () => {
    await using guessed = await startWith(TOKEN);
    const guess = () => guessed.call({ path: '/api/v1/hosts', headers: { authorization: 'Bearer wrong' } });
    for (let attempt = 0; attempt < 10; attempt += 1) await guess();
    const answer = await guess();
    expect([answer.status, answer.json().error.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    const known = await guessed.call({ path: '/api/v1/status', headers: { authorization } });
    expect(known.json().data).toMatchObject({ ca_fingerprint: guessed.caFingerprint });
    expect((await guessed.admin('/status')).status).toBe(200);
  });
});

describe('the query of an administrator', () => {
  it('that has faults is refused with their names', async () => {
    const answer = await world.admin('/enrollments?state=lost&x=1');
    expect(
      answer
        .json()
        .error.details.faults.map((one) => one.path)
        .sort(),
    ).toEqual(['query.state', 'query.x']);
  });
});

describe('limits', () => {
  it('requests beyond the rate of an address are told when to come back; headers of proxies change nothing', async () => {
    await using narrow = await startWorld({
      enrollment: { requests_per_minute: 2, allow_legacy_agents: true },
    });
    const ask = (forwarded: string) =>
      narrow.call({ ...ENROL, body: newHost(), headers: { 'x-forwarded-for': forwarded } });
    expect([(await ask('1.1.1.1')).status, (await ask('2.2.2.2')).status]).toEqual([202, 202]);
    const third = await ask('3.3.3.3');
    expect([third.status, third.headers['retry-after']]).toEqual([429, '30']);
    expect((await newOlderAgent(narrow).register({ localAddress: '127.0.0.3' })).status).toBe(202);
    await narrow.advance(30_000);
    expect((await ask('4.4.4.4')).status).toBe(202);
  });
});

describe('the listener', () => {
  it('serves the CA and the revocation list as PEM, and no packages', async () => {
    const ca = await world.call({ path: '/api/v1/pki/ca.pem' });
    expect(ca.text).toBe(world.caPem);
    expect(ca.headers['content-type']).toBe('application/x-pem-file; charset=utf-8');
    const crl = await world.call({ path: '/api/v1/pki/crl.pem' });
    expect(crl.text).toContain('BEGIN X509 CRL');
    expect((await world.call({ path: '/api/v1/pki/repo-config' })).status).toBe(404);
  });

  it('takes TLS 1.2, which older agents use, and nothing below', async () => {
    const versionOf = async (version: 'TLSv1.1' | 'TLSv1.2'): Promise<string | null> => {
      const socket = connect({
        host: '127.0.0.1',
        port: world.port,
        ca: world.caPem,
        minVersion: version,
        maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      try {
        await once(socket, 'secureConnect');
        return socket.getProtocol();
      } finally {
        socket.destroy();
      }
    };
    expect(await versionOf('TLSv1.2')).toBe('TLSv1.2');
    await expect(versionOf('TLSv1.1')).rejects.toThrow();
  });

  it('ends held polls when it stops', async () => {
    const stopping = await startWorld();
    const agent = await newAgent(stopping);
    await agent.register();
    const sleepers = stopping.clock.sleeping;
    const held = agent.poll({ waitS: 50 });
    await stopping.clock.waitForSleepers(sleepers + 1);
    await stopping[Symbol.asyncDispose]();
    expect((await held).json()).toEqual({ status: 'pending' });
  });

  it('that cannot have its port says who to look for', async () => {
    await expect(startWorld({ server: { bind: '127.0.0.1', port: world.port } })).rejects.toMatchObject({
      code: 'BIND_FAILED',
      message: expect.stringContaining(`ss -ltnp 'sport = :${world.port}'`),
    });
  });
});
