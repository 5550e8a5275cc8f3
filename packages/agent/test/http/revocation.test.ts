import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Envelope } from '@linux-patch/contract';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/identity/identity.ts';
import {
  HOUR_MS,
  NOW,
  openSocket,
  type RevokingWorld,
  serialOf,
  startRevokingWorld,
} from './revoking-world.ts';
import { call, clientOptions, exchange } from './world.ts';

const HELLO = 'GET /api/v1/health HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n';

const healthOf = async (world: RevokingWorld) =>
  (await call(world, '/health')).envelope.data as {
    status: string;
    crl_status: string;
    crl_number: string | null;
  };

const answersTo = (world: RevokingWorld, identity: RevokingWorld['manager']) =>
  exchange(clientOptions(world, identity), (socket) => socket.write(HELLO));

const push = (world: RevokingWorld, crl: string) =>
  call(world, '/api/v1/identity/crl', { method: 'PUT', body: { crl_pem: crl } });

/** A second client of the manager, which the tests revoke. */
async function withVictim(options: Parameters<typeof startRevokingWorld>[0] = {}) {
  const world = await startRevokingWorld(options);
  const victim = await world.authority.issueManagerClient();
  return { world, victim, serial: serialOf(victim) };
}

/** A TLS connection with its session ticket, and whether it was resumed. */
function open(options: ConnectionOptions): Promise<{ session: Buffer; resumed: boolean; text: string }> {
  return new Promise((resolve) => {
    let session: Buffer = Buffer.alloc(0);
    let text = '';
    let resumed = false;
    const socket = connect(options, () => {
      resumed = socket.isSessionReused();
      socket.write(HELLO);
    });
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    socket.on('error', () => {});
    socket.once('close', () => resolve({ session, resumed, text }));
  });
}

describe('a client that is revoked', () => {
  it('is refused at its next handshake, and keep-alive and WebSocket connections that it has end', async () => {
    const { world, victim, serial } = await withVictim();
    await using _end = world;
    using events = await openSocket(world, victim);
    using others = await openSocket(world, world.manager);
    const keptAlive = exchange(clientOptions(world, victim), (socket) =>
      socket.write(HELLO.replace('close', 'keep-alive')),
    );
    await expect.poll(() => world.server.connections).toBeGreaterThanOrEqual(3);
    expect((await push(world, await world.list({ serials: [serial], number: 2 }))).status).toBe(200);
    await events.closed;
    expect(await keptAlive).toContain('HTTP/1.1 200');
    expect(await answersTo(world, victim)).toBe('');
    expect(others.isOpen()).toBe(true);
    expect((await world.audited()).at(-1)?.details).toMatchObject({ error_code: 'AUTH_CERT_REVOKED' });
  });

  it('does not come back by resuming a session, with its certificate or without', async () => {
    const { world, victim, serial } = await withVictim();
    await using _end = world;
    const served = world.service.current.value;
    const first = await open(clientOptions(world, victim));
    const second = await open({ ...clientOptions(world, victim), session: first.session });
    expect([second.resumed, second.text.slice(0, 12)]).toEqual([true, 'HTTP/1.1 200']);
    // The list alone, without a new TLS context: tickets of before are still good, and must not help.
    const list = await world.list({ serials: [serial], number: 2 });
    await world.server.take(createIdentity({ ...served, material: { ...served.material, crlPem: list } }));
    const { cert: _cert, key: _key, ...nobody } = clientOptions(world, victim);
    for (const options of [clientOptions(world, victim), nobody]) {
      const again = await open({ ...options, session: second.session });
      expect(again.text).toBe('');
    }
    await push(world, list);
    expect((await open({ ...nobody, session: second.session })).text).toBe('');
  });

  it('stays out when the list that names it is out of date, damaged, emptied or replaced by an older one', async () => {
    const { world, victim, serial } = await withVictim();
    await using _end = world;
    const old = await world.list({ number: 1 });
    await push(world, await world.list({ serials: [serial], number: 2 }));
    const onDisk = join(world.folder, 'certs/current/crl.pem');
    for (const [text, status] of [
      ['-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n', 'degraded'],
      ['', 'degraded'],
      [old, 'degraded'],
    ] as const) {
      await writeFile(onDisk, text);
      await world.reload();
      expect((await healthOf(world)).crl_status).toBe(status);
      expect(await answersTo(world, victim)).toBe('');
    }
    expect(world.identityAudit.map((one) => one.event)).toContain('crl_unusable');
    await world.clock.advance(25 * HOUR_MS);
    expect((await healthOf(world)).crl_status).toBe('expired');
    expect(await answersTo(world, victim)).toBe('');
  });
});

describe('a revocation list that is not as it should be locks nobody out', () => {
  const cases: [string, (world: RevokingWorld) => Promise<string>, string][] = [
    ['current', (world) => world.list(), 'valid'],
    ['past its date', (world) => world.list({ at: NOW - 48 * HOUR_MS }), 'expired'],
    ['made in the future', (world) => world.list({ at: NOW + 24 * HOUR_MS }), 'degraded'],
    ['empty text', async () => '', 'missing'],
    ['unreadable', async () => 'half a list', 'invalid'],
    [
      'signed by somebody else',
      async (world) => world.list({ issuer: (await testAuthority({ now: NOW })).issuing }),
      'invalid',
    ],
  ];
  it.each(cases)('%s', async (_name, make, status) => {
    await using world = await startRevokingWorld();
    await writeFile(join(world.folder, 'certs/current/crl.pem'), await make(world));
    await world.reload();
    const health = await healthOf(world);
    expect(health.crl_status).toBe(status);
    expect(health.status === 'healthy').toBe(status === 'valid' || status === 'missing');
    const metrics = (await call(world, '/metrics')).text;
    expect(metrics).toContain(`linux_patch_agent_crl_status{status="${status}"} 1`);
  });

  it('and one that is past its date is said once in audit and log', async () => {
    await using world = await startRevokingWorld();
    await push(world, await world.list());
    const stop = new AbortController();
    const kept = world.service.keepFresh(stop.signal);
    for (let hour = 0; hour < 30; hour += 1) {
      await world.clock.waitForSleepers();
      await world.clock.advance(HOUR_MS);
    }
    await world.clock.waitForSleepers();
    stop.abort();
    await kept;
    expect(world.identityAudit.filter((one) => one.event === 'crl_outdated')).toHaveLength(1);
    expect(
      world.logger.records.filter(
        (one) => one.level === 'error' && one.message.includes('should have been replaced'),
      ),
    ).toHaveLength(1);
  });
});

describe('a revocation list that is pushed', () => {
  it('is in force at once and on disk, and the same one again changes nothing', async () => {
    await using world = await startRevokingWorld();
    const list = await world.list({ serials: ['0a'], number: 7 });
    const data = async () => (await push(world, list)).envelope.data;
    expect(await data()).toEqual({
      crl_number: '7',
      crl_next_update: new Date(NOW + 24 * HOUR_MS).toISOString(),
      revoked: 1,
      changed: true,
    });
    expect(await data()).toMatchObject({ changed: false });
    expect(await systemFiles.readText(world.paths.crl)).toBe(list);
    expect(await healthOf(world)).toMatchObject({ crl_status: 'valid', crl_number: '7' });
    expect(world.identityAudit.filter((one) => one.event === 'crl_refreshed')).toEqual([
      expect.objectContaining({
        details: expect.objectContaining({ by: 'pushed', number: '7', revoked: 1 }),
      }),
    ]);
    expect((await world.audited()).findLast((one) => one.event === 'api_call')?.details).toMatchObject({
      path: '/api/v1/identity/crl',
      status: 200,
    });
  });

  it('with a higher number is taken also when its date is earlier, because a clock went back', async () => {
    await using world = await startRevokingWorld();
    await push(world, await world.list({ number: 7 }));
    const back = await world.list({ serials: ['0a'], number: 8, at: NOW - HOUR_MS });
    expect((await push(world, back)).status).toBe(200);
    expect(world.service.current.value.list.list?.serials).toEqual(new Set(['0a']));
  });

  it('is refused when older, of another CA or no list, and the one in force stays', async () => {
    await using world = await startRevokingWorld();
    await push(world, await world.list({ serials: ['0a'], number: 7 }));
    const foreign = (await testAuthority({ now: NOW })).issuing;
    const refused: [string, RegExp][] = [
      [await world.list({ number: 6 }), /older/],
      [await world.list({ number: 9, issuer: foreign }), /not signed by a CA of this host/],
      ['half a list', /cannot be read/],
    ];
    for (const [list, why] of refused) {
      const answer = await push(world, list);
      expect([answer.status, answer.envelope.error?.code]).toEqual([409, 'CRL_REFUSED']);
      expect(answer.envelope.error?.message).toMatch(why);
    }
    expect(world.service.current.value.list.list?.serials).toEqual(new Set(['0a']));
    expect(world.identityAudit.filter((one) => one.event === 'crl_refused')).toHaveLength(3);
  });

  it.each([
    ['no list', {}],
    ['an unknown member', { crl_pem: 'x', force: true }],
    ['an empty list', { crl_pem: '' }],
  ])('is refused as a request with %s', async (_name, body) => {
    await using world = await startRevokingWorld();
    const answer = await call(world, '/api/v1/identity/crl', { method: 'PUT', body });
    expect([answer.status, (answer.envelope as Envelope).error?.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  it('counts also when the disk is full, and is written when there is room again', async () => {
    let full = false;
    const files = {
      ...systemFiles,
      writeDurably: async (write: Parameters<typeof systemFiles.writeDurably>[0]) => {
        if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        await systemFiles.writeDurably(write);
      },
    };
    const { world, victim, serial } = await withVictim({ files });
    await using _end = world;
    full = true;
    const list = await world.list({ serials: [serial], number: 2 });
    expect((await push(world, list)).status).toBe(200);
    expect(await answersTo(world, victim)).toBe('');
    expect((await healthOf(world)).crl_status).toBe('degraded');
    full = false;
    expect((await push(world, list)).status).toBe(200);
    expect(await systemFiles.readText(world.paths.crl)).toBe(list);
    expect((await healthOf(world)).crl_status).toBe('valid');
  });

  it('is put where there was none', async () => {
    await using world = await startRevokingWorld();
    await rm(join(world.folder, 'certs/current/crl.pem'), { force: true });
    await world.reload();
    expect((await healthOf(world)).crl_status).toBe('missing');
    expect((await push(world, await world.list())).status).toBe(200);
    expect((await healthOf(world)).crl_status).toBe('valid');
  });
});

describe("a revocation list that names the host's own certificate", () => {
  it('is said in health, audit and log, and the agent goes on serving', async () => {
    await using world = await startRevokingWorld();
    const own = serialOf(world.agent);
    const stop = new AbortController();
    const kept = world.service.keepFresh(stop.signal);
    await push(world, await world.list({ serials: [own], number: 2 }));
    await expect
      .poll(() => world.identityAudit.find((one) => one.event === 'identity_revoked')?.details)
      .toEqual({ serial: own, reason: 'keyCompromise' });
    const { envelope } = await call(world, '/health');
    expect(envelope.data).toMatchObject({
      status: 'degraded',
      checks: {
        certificates: expect.stringMatching(/revoked this host's certificate.*keyCompromise.*approve/s),
      },
    });
    expect(world.logger.records.some((one) => JSON.stringify(one).includes('revoked this host'))).toBe(true);
    stop.abort();
    await kept;
  });

  it('is not believed when somebody else signed it', async () => {
    await using world = await startRevokingWorld();
    const foreign = (await testAuthority({ now: NOW })).issuing;
    await push(world, await world.list({ serials: [serialOf(world.agent)], number: 2, issuer: foreign }));
    expect((await healthOf(world)).status).toBe('healthy');
  });
});
