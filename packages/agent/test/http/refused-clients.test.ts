import { connect as connectTcp } from 'node:net';
import { parseCertificate } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  clientOptions,
  exchange,
  materialOf,
  servedIdentity,
  startWorld,
  type World,
} from './world.ts';

const HELLO = 'GET /api/v1/health HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n';

describe('a client that may not call', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const lastRefusal = async () =>
    (await world.audited()).filter((entry) => entry.event === 'connection_refused').at(-1)?.details;

  it('is answered by nothing when it has no certificate', async () => {
    const { cert: _cert, key: _key, ...none } = clientOptions(world);
    expect(await exchange(none, (socket) => socket.write(HELLO))).toBe('');
    expect(await lastRefusal()).toMatchObject({ error_code: 'AUTH_CERT_MISSING', address: '127.0.0.1' });
  });

  it('is answered by nothing when its certificate is of another CA', async () => {
    const foreign = await (await testAuthority({ now: Date.now() })).issueManagerClient();
    const options = clientOptions(world, foreign);
    expect(await exchange(options, (socket) => socket.write(HELLO))).toBe('');
    expect(await lastRefusal()).toMatchObject({ error_code: 'AUTH_CERT_UNTRUSTED' });
  });

  it("is answered by nothing when it shows an agent's certificate", async () => {
    expect(await exchange(clientOptions(world, world.agent), (socket) => socket.write(HELLO))).toBe('');
    expect(await lastRefusal()).toMatchObject({
      error_code: expect.stringMatching(/^AUTH_CERT_(USAGE|UNTRUSTED)$/),
    });
  });

  it('is answered by nothing when it is another client of the same CA', async () => {
    const other = await world.authority.issueManagerClient('somebody-else');
    expect(await exchange(clientOptions(world, other), (socket) => socket.write(HELLO))).toBe('');
    expect(await lastRefusal()).toMatchObject({ error_code: 'AUTH_CLIENT_NOT_ALLOWED' });
  });

  it('is answered by nothing when its certificate has expired', async () => {
    const day = 86_400_000;
    const expired = await world.authority.issueManagerClient(undefined, {
      now: Date.now() - 2 * day,
      lifetimeMs: day,
    });
    expect(await exchange(clientOptions(world, expired), (socket) => socket.write(HELLO))).toBe('');
    expect(await lastRefusal()).toMatchObject({ error_code: 'AUTH_CERT_EXPIRED' });
  });

  it('is refused when it speaks TLS 1.2', async () => {
    const options = { ...clientOptions(world), maxVersion: 'TLSv1.2' as const };
    expect(await exchange(options, (socket) => socket.write(HELLO))).toBe('');
    expect(await lastRefusal()).toMatchObject({ error_code: 'AUTH_TLS_FAILED' });
  });

  it('is refused when it speaks no TLS at all', async () => {
    const received: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const socket = connectTcp(world.server.port, '127.0.0.1', () => socket.write(HELLO));
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      socket.on('error', () => {});
      socket.once('close', () => resolve());
    });
    expect(Buffer.concat(received).toString()).not.toContain('HTTP/');
  });

  it('does not stop the manager from calling', async () => {
    expect((await call(world, '/api/v1/health')).status).toBe(200);
  });
});

describe('an address that is not on the allow list', () => {
  it('gets not one byte, not even of TLS', async () => {
    await using world = await startWorld({
      server: { isAllowedAddress: (address) => address !== '127.0.0.1' },
    });
    const received: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const socket = connectTcp(world.server.port, '127.0.0.1', () => socket.write('\x16\x03\x01'));
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      socket.on('error', () => {});
      socket.once('close', () => resolve());
    });
    expect(received).toEqual([]);
    expect((await world.audited()).at(-1)).toMatchObject({
      event: 'connection_refused',
      details: { error_code: 'AUTHZ_IP_DENIED', address: '127.0.0.1' },
    });
  });

  it('is written down ten times a minute at most', async () => {
    await using world = await startWorld({ server: { isAllowedAddress: () => false } });
    for (let attempt = 0; attempt < 15; attempt += 1) {
      await exchange(clientOptions(world), () => {});
    }
    const refused = (await world.audited()).filter((entry) => entry.event === 'connection_refused');
    expect(refused).toHaveLength(10);
  });

  it('loses its open connections when the list changes', async () => {
    let allowed = true;
    await using world = await startWorld({ server: { isAllowedAddress: () => allowed } });
    const ended = exchange(clientOptions(world), () => {
      allowed = false;
      world.server.reviewAddresses();
    });
    expect(await ended).toBe('');
  });
});

describe('the manager learned at enrolment', () => {
  it('is told from a namesake by the key of its issuer', async () => {
    await using world = await startWorld();
    const issuer = parseCertificate(world.authority.issuing.certificatePem);
    const learned = (issuer_spki: string) =>
      servedIdentity(materialOf(world.authority, world.agent), {
        manager_client: { cn: 'patch-manager-client', issuer_spki },
      });
    await world.server.take(learned(issuer.spkiSha256));
    expect((await call(world, '/health')).status).toBe(200);
    await world.server.take(learned('A'.repeat(43)));
    expect(await exchange(clientOptions(world), (socket) => socket.write(HELLO))).toBe('');
    expect((await world.audited()).at(-1)?.details).toMatchObject({ error_code: 'AUTH_ISSUER_MISMATCH' });
  });

  it('may be any client of the CA when the configuration says so', async () => {
    await using world = await startWorld({ server: { allowedClients: ['*'] } });
    const other = await world.authority.issueManagerClient('somebody-else');
    expect((await call(world, '/health', { identity: other })).status).toBe(200);
  });
});

describe('a revoked certificate', () => {
  it('ends the connections that it had opened, and opens no more', async () => {
    await using world = await startWorld();
    const serial = parseCertificate(world.manager.certificatePem).serialHex;
    const crl = await world.authority.createCrl([serial]);
    const revoking = servedIdentity(materialOf(world.authority, world.agent, crl));
    const held = exchange(clientOptions(world), (socket) => {
      socket.write(HELLO.replace('close', 'keep-alive'));
      socket.once('data', () => void world.server.take(revoking));
    });
    expect(await held).toContain('HTTP/1.1 200');
    expect(await exchange(clientOptions(world), (socket) => socket.write(HELLO))).toBe('');
    expect((await world.audited()).at(-1)?.details).toMatchObject({ error_code: 'AUTH_CERT_REVOKED' });
  });

  it('is found in the list on disk, and also when that list is out of date', async () => {
    const world = await startWorld();
    await using _end = world;
    const other = await world.authority.issueManagerClient();
    const serial = parseCertificate(other.certificatePem).serialHex;
    const crl = await world.authority.createCrl([serial]);
    await world.server.take(servedIdentity(materialOf(world.authority, world.agent, crl)));
    expect((await call(world, '/health')).status).toBe(200);
    expect(await exchange(clientOptions(world, other), (socket) => socket.write(HELLO))).toBe('');
  });
});
