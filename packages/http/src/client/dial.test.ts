import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { freePort, startSlowListener } from '@linux-patch/runtime/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { dial, inTurn } from './dial.ts';

const stack = new AsyncDisposableStack();
let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});

const never = new AbortController().signal;
const names =
  (...addresses: readonly string[]) =>
  () =>
    Promise.resolve([...addresses]);

async function reached(...wish: Parameters<typeof dial>): Promise<string | undefined> {
  const socket = await dial(...wish);
  sockets.push(socket);
  return socket.remoteAddress;
}

async function listening(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

describe('a connection to a name with addresses of both families', () => {
  it('comes about over a line slower than half a second where the other family has no way', async () => {
    await using slow = await startSlowListener();
    const resolve = () => {
      // The first packet is on its way, and lost, by the time that the queue is emptied.
      setImmediate(() => slow.wake());
      return Promise.resolve(['127.0.0.1', '::1']);
    };
    expect(await reached({ host: 'manager.test', port: slow.port, signal: never, resolve })).toBe(
      '127.0.0.1',
    );
  });

  it('goes to the family that answers while the other says nothing', async () => {
    await using silent = await startSlowListener();
    // 127.0.0.1 is silent at this port; all of 127.0.0.2 is open at the same one.
    const server = createServer(() => {}).listen(silent.port, '127.0.0.2');
    await once(server, 'listening');
    const resolve = names('127.0.0.1', '127.0.0.2');
    expect(await reached({ host: 'manager.test', port: silent.port, signal: never, resolve })).toBe(
      '127.0.0.2',
    );
    server.close();
  });

  it('fails with what tells most: that nothing listens, not that a family is missing', async () => {
    const port = await freePort();
    // 2001:db8::/32 is for documentation; nobody has a route there.
    const resolve = names('2001:db8::1', '127.0.0.1');
    await expect(reached({ host: 'manager.test', port, signal: never, resolve })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('ends with the signal, and with the error of the resolver', async () => {
    await using slow = await startSlowListener();
    const signal = AbortSignal.timeout(50);
    const wish = { host: 'manager.test', port: slow.port, resolve: names('127.0.0.1') };
    await expect(reached({ ...wish, signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }));
    await expect(reached({ ...wish, signal: never, resolve })).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    await expect(reached({ ...wish, signal: never, resolve: names() })).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  it('needs no resolver for a literal address', async () => {
    const port = await listening();
    expect(await reached({ host: '127.0.0.1', port, signal: never })).toBe('127.0.0.1');
    await stack.disposeAsync();
  });
});

it('tries both families in turn, and eight addresses at most', () => {
  expect(inTurn(['2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1'])).toEqual([
    '2001:db8::1',
    '192.0.2.1',
    '2001:db8::2',
    '2001:db8::3',
  ]);
  expect(inTurn(Array.from({ length: 20 }, (_, index) => `192.0.2.${index}`))).toHaveLength(8);
  expect(inTurn([])).toEqual([]);
});
