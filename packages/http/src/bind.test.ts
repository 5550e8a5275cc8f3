import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bind } from './bind.ts';

async function answersAt(server: Server, host: string): Promise<boolean> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A server on a kernel that has no IPv6: what is asked of it for `::` fails as there. */
function withoutIpv6(code: string): Server {
  const server = createServer((socket) => socket.destroy());
  const real = server.listen.bind(server) as (options: object, done: () => void) => Server;
  server.listen = ((options: { readonly host: string }, done: () => void) => {
    if (options.host !== '::') return real(options, done);
    const error = Object.assign(new Error(`listen ${code}`), { code });
    process.nextTick(() => server.emit('error', error));
    return server;
  }) as Server['listen'];
  return server;
}

describe('a listener', () => {
  it('keeps more callers waiting than a fleet has that comes back while the program works', async () => {
    await using server = createServer();
    await bind(server, { host: '127.0.0.1', port: 0 });
    const { port } = server.address() as AddressInfo;
    // The kernel answers all of them before the loop of this process takes one; one that it drops comes back a second later.
    const callers = Array.from({ length: 1_000 }, () => connect({ host: '127.0.0.1', port }));
    let connected = 0;
    for (const one of callers) one.on('connect', () => (connected += 1));
    await once(server, 'connection');
    for (let turn = 0; turn < 3; turn += 1) await setImmediate();
    for (const one of callers) one.destroy();
    expect(connected).toBe(callers.length);
  });
});

describe('a listener on ::', () => {
  it('takes IPv6 and IPv4', async () => {
    await using server = createServer((socket) => socket.destroy());
    await bind(server, { host: '::', port: 0 });
    expect([await answersAt(server, '::1'), await answersAt(server, '127.0.0.1')]).toEqual([true, true]);
  });

  it.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])('takes IPv4 where the kernel says %s to it', async (code) => {
    await using server = withoutIpv6(code);
    await bind(server, { host: '::', port: 0 });
    expect((server.address() as AddressInfo).address).toBe('0.0.0.0');
    expect(await answersAt(server, '127.0.0.1')).toBe(true);
  });

  it('fails for every other reason, and other addresses are not replaced', async () => {
    await using first = createServer();
    await bind(first, { host: '::', port: 0 });
    const { port } = first.address() as AddressInfo;
    await using second = createServer();
    await expect(bind(second, { host: '::', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(bind(second, { host: '2001:db8::1', port: 0 })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });
});
