import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { servedSerial } from '../../src/http/self-check.ts';
import { call, clientOptions, exchange, materialOf, servedIdentity, startWorld } from './world.ts';

describe('binding', () => {
  it('fails with the name and pid of the process that has the port', async () => {
    const holder = createTcpServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const failure = await startWorld({ server: { port } }).then(
      () => undefined,
      (error: unknown) => error,
    );
    await new Promise((resolve) => holder.close(resolve));
    expect(failure).toMatchObject({ code: 'BIND_FAILED', details: { holder_pid: process.pid } });
    expect((failure as Error).message).toContain(`(pid ${process.pid})`);
  });

  it('fails with advice when the host does not have the address', async () => {
    await expect(startWorld({ server: { bind: '192.0.2.77' } })).rejects.toMatchObject({
      code: 'BIND_FAILED',
      message: expect.stringContaining('server.bind'),
    });
  });

  it('works on IPv6, where an IPv4 peer is still judged as IPv4', async () => {
    const seen: string[] = [];
    await using world = await startWorld({
      server: { bind: '::', isAllowedAddress: (address) => seen.push(address) > 0 },
    });
    expect((await call(world, '/health')).status).toBe(200);
    const six = { ...clientOptions(world), host: '::1' };
    expect(
      await exchange({ ...six, checkServerIdentity: () => undefined }, (socket) =>
        socket.end('GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      ),
    ).toContain('HTTP/1.1 200');
    expect(seen).toEqual(['127.0.0.1', '::1']);
  });

  it('without TLS material serves a Unix socket that only its owner can open, and no port', async () => {
    await using folder = await temporaryFolder();
    const socketPath = join(folder.path, 'private', 'api.sock');
    const before = process.umask(0);
    try {
      await using world = await startWorld({ server: { identity: undefined, socketPath } });
      const status = await new Promise((resolve, reject) => {
        get({ socketPath, path: '/health' }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).once('error', reject);
      });
      expect(status).toBe(200);
      expect([world.server.address, world.server.port]).toEqual([socketPath, 0]);
      expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
      expect((await stat(join(folder.path, 'private'))).mode & 0o777).toBe(0o700);
      const identity = servedIdentity(materialOf(world.authority, world.agent));
      await expect(world.server.take(identity)).rejects.toThrow('TLS');
    } finally {
      process.umask(before);
    }
  });

  it('on a Unix socket takes the place of one that a crash left', async () => {
    await using folder = await temporaryFolder();
    const socketPath = join(folder.path, 'api.sock');
    await writeFile(socketPath, '');
    await using world = await startWorld({ server: { identity: undefined, socketPath } });
    expect(world.server.address).toBe(socketPath);
  });
});

describe('the agent that connects to itself', () => {
  /** Takes the port that is to be connected from, so many times. */
  function takingPorts(times: number) {
    const asked: number[] = [];
    const takers: { close(): void }[] = [];
    return {
      asked,
      expect: (localPort: number) => {
        asked.push(localPort);
        if (asked.length <= times) takers.push(createTcpServer().listen(localPort, '127.0.0.1'));
        return { [Symbol.dispose]: () => takers.pop()?.close() };
      },
    };
  }

  it('takes another port when somebody has the one that was free', async () => {
    await using world = await startWorld();
    const { asked, expect: taken } = takingPorts(2);
    await expect(servedSerial(world.server, taken)).resolves.toMatch(/^[0-9a-f]{2,}$/u);
    expect(asked).toHaveLength(3);
  });

  it('does so three times, and says what is in the way', async () => {
    await using world = await startWorld();
    await expect(servedSerial(world.server, takingPorts(9).expect)).rejects.toMatchObject({
      code: 'CERT_UNSUITABLE',
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});

describe('connections that say nothing', () => {
  it('are ended for new ones, so that the manager gets in from the same address', async () => {
    await using world = await startWorld();
    const silent = Array.from({ length: 200 }, () => connectTcp(world.server.port, '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => {});
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect((await call(world, '/health')).status).toBe(200);
    expect(world.server.connections).toBeLessThanOrEqual(33);
    for (const socket of silent) socket.destroy();
  });

  it('take no place from clients that have shown a certificate', async () => {
    await using world = await startWorld();
    const client = connect(clientOptions(world));
    await once(client, 'session');
    let closed = false;
    client.once('close', () => (closed = true));
    const silent = Array.from({ length: 200 }, () => connectTcp(world.server.port, '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => {});
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect((await call(world, '/health')).status).toBe(200);
    expect(closed).toBe(false);
    for (const socket of [client, ...silent]) socket.destroy();
  });
});

describe('new certificates', () => {
  it('are shown to new connections while an open one goes on', async () => {
    await using world = await startWorld();
    const renewed = await world.authority.issueAgent();
    const fingerprintOf = () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const socket = connect(clientOptions(world), () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      return promise;
    };
    const before = await fingerprintOf();
    const request = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';
    const answers = await exchange(clientOptions(world), (socket) => {
      socket.write(request);
      socket.once('data', () => {
        void world.server.take(servedIdentity(materialOf(world.authority, renewed)));
        socket.write(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      });
    });
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(await fingerprintOf()).not.toBe(before);
  });

  it('that do not belong together are refused, and the old ones keep serving', async () => {
    await using world = await startWorld();
    const other = await world.authority.issueAgent();
    const mixed = { ...materialOf(world.authority, world.agent), keyPem: other.privateKeyPem };
    await expect(world.server.take(servedIdentity(mixed))).rejects.toMatchObject({
      code: 'CERT_KEY_MISMATCH',
    });
    const broken = { ...materialOf(world.authority, world.agent), caPem: 'nonsense' };
    await expect(world.server.take(servedIdentity(broken))).rejects.toMatchObject({ code: 'CERT_CORRUPT' });
    expect((await call(world, '/health')).status).toBe(200);
  });
});

describe('time', () => {
  it('runs out for a client that sends its headers drop by drop', async () => {
    await using world = await startWorld({ server: { timeoutMs: 1_000 } });
    const startedMs = performance.now();
    const text = await exchange(clientOptions(world), (socket) =>
      socket.write('GET /health HTTP/1.1\r\nX-A: '),
    );
    expect(text).toMatch(/^HTTP\/1\.1 408/);
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ success: false });
    // Node's own limit is a minute.
    expect(performance.now() - startedMs).toBeLessThan(60_000);
  });

  it('runs out for a client that never begins its handshake long before it does for one that did', async () => {
    await using world = await startWorld({ server: { timeoutMs: 200_000, handshakeMs: 200 } });
    const slow = connect(clientOptions(world));
    await once(slow, 'secureConnect');
    slow.write('GET /health HTTP/1.1\r\nX-A: ');
    const silent = connectTcp(world.server.port, '127.0.0.1');
    silent.on('error', () => {}).resume();
    const ended = once(silent, 'close').then(() => 'silent');
    expect(await Promise.race([ended, once(slow, 'close').then(() => 'slow')])).toBe('silent');
    await expect.poll(() => world.server.connections).toBe(1);
    slow.destroy();
  });

  it('to stop is at most two seconds, even with a client that does not go', async () => {
    const clock = new ManualClock();
    const world = await startWorld({ server: { clock } });
    const held = exchange(clientOptions(world), (socket) =>
      socket.write('POST /api/v1/packages HTTP/1.1\r\n'),
    );
    await expect.poll(() => world.server.connections).toBe(1);
    const stopped = world[Symbol.asyncDispose]();
    await clock.waitForSleepers();
    // Whoever waits for more than these two seconds never ends.
    await clock.advance(2_000);
    await stopped;
    await held;
  });

  it('between two starts is not needed: the port can be bound again at once', async () => {
    const first = await startWorld();
    const { port } = first.server;
    await call(first, '/health');
    await first[Symbol.asyncDispose]();
    await using second = await startWorld({ server: { port } });
    expect((await call(second, '/health')).status).toBe(200);
  });
});

describe('an upgrade', () => {
  it('of any other path is served as an ordinary request', async () => {
    await using world = await startWorld();
    const text = await exchange(clientOptions(world), (socket) =>
      socket.write(
        'GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
      ),
    );
    expect(text).toMatch(/^HTTP\/1\.1 200/);
  });
});
