import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { answerWith } from '@linux-patch/http';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialiseAuthority } from '../src/authority/init.ts';
import { managerPaths } from '../src/config/paths.ts';
import { createApp } from '../src/http/app.ts';
import { openManagerServer, type ServerLimits } from '../src/http/server.ts';

/** The shape of the limits that are served, short enough to wait for them. */
const LIMITS: ServerLimits = {
  connections: { total: 8, unprovenPerCaller: 4 },
  handshakeMs: 700,
  headersMs: 700,
  requestMs: 1_400,
  stalledMs: 700,
};
const BIG_BYTES = 16 * 1024 * 1024;

async function* endless(): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(1024 * 1024);
  for (;;) yield piece;
}

const stack = new AsyncDisposableStack();
let port = 0;
/** Told when a caller is gone before it had its answer. */
let onEnd = (): void => undefined;
let ca = '';
beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const paths = managerPaths(folder.path);
  const doors = { files: systemFiles, clock: systemClock, random: systemRandom };
  await initialiseAuthority({ ...doors, paths, webNames: { dnsNames: [], ipAddresses: ['127.0.0.1'] } });
  ca = await readFile(join(paths.caFolder, 'root.pem'), 'utf8');
  const logger = memoryLogger();
  const app = createApp({ ...doors, logger }, () => {});
  app.serve({ method: 'GET', path: '/' }, () => answerWith('here'));
  const told = ({ signal }: { readonly signal: AbortSignal }) =>
    signal.addEventListener('abort', () => onEnd());
  app.serve({ method: 'GET', path: '/big' }, ({ request }) => {
    told(request);
    return answerWith('x'.repeat(BIG_BYTES));
  });
  app.serve({ method: 'GET', path: '/proven' }, ({ request }) => {
    request.markProven();
    return answerWith('known');
  });
  app.serve({ method: 'GET', path: '/stream' }, ({ request }) => {
    told(request);
    return answerWith(endless());
  });
  app.serve({ method: 'POST', path: '/' }, async ({ request }) =>
    answerWith(String(Buffer.from(await request.readBody(1_000)))),
  );
  const tls = {
    certificatePem: await readFile(join(paths.caFolder, 'web.pem'), 'utf8'),
    privateKeyPem: await readFile(join(paths.caFolder, 'web.key.pem'), 'utf8'),
  };
  const listen = { bind: '127.0.0.1', port: 0 };
  const server = await openManagerServer({ listen, limits: LIMITS, tls, app, logger, ...doors });
  stack.use(server);
  port = server.port;
});
afterAll(() => stack.disposeAsync());

/** A client whose errors nobody needs; `closed` resolves however it ends. */
function dial(from: string) {
  const socket = connectTls({ port, ca, host: '127.0.0.1', localAddress: from } as ConnectionOptions);
  socket.on('error', () => undefined);
  const closed = new Promise<false>((resolve) => socket.once('close', () => resolve(false)));
  const open = new Promise<true>((resolve) => socket.once('secureConnect', () => resolve(true)));
  return { socket, closed, served: Promise.race([open, closed]) };
}

let addresses = 10;
function nextAddress(): string {
  addresses += 1;
  return `127.0.7.${addresses}`;
}

/** Between the limit and the next look of whoever keeps it, and what a connection takes to end. */
const LATE_MS = 2_000;

/**
 * That something ends when its limit is over, not before and not much later. The server is in this process, so a busy machine
 * is late with its limits and with those of this test alike.
 */
async function expectEnd(ended: Promise<unknown>, limitMs: number): Promise<void> {
  const sinceMs = performance.now();
  const late = pause(limitMs + LATE_MS, 'late', { ref: false });
  expect(await Promise.race([ended.then(() => 'ended'), late])).toBe('ended');
  expect(performance.now() - sinceMs).toBeGreaterThan(limitMs - 100);
}

describe('a caller', () => {
  it('that never begins its handshake is gone when its time is over', async () => {
    const socket = connectTcp({ host: '127.0.0.1', port, localAddress: nextAddress() });
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    await expectEnd(once(socket, 'close'), LIMITS.handshakeMs);
  });

  it.each([
    ['says nothing', '', LIMITS.headersMs],
    ['does not end its headers', 'GET / HTTP/1.1\r\nHost: a\r\nX-', LIMITS.headersMs],
    ['does not send its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx', LIMITS.requestMs],
  ])('that %s is gone when its time is over', async (_what, text, limitMs) => {
    const { socket, served, closed } = dial(nextAddress());
    expect(await served).toBe(true);
    socket.write(text);
    socket.resume();
    await expectEnd(closed, limitMs);
  });

  it.each(['/big', '/stream'])('that never reads %s is gone when its time is over', async (path) => {
    const { socket, served } = dial(nextAddress());
    expect(await served).toBe(true);
    socket.pause();
    const ended = Promise.withResolvers<void>();
    onEnd = ended.resolve;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await expectEnd(ended.promise, LIMITS.stalledMs);
    socket.destroy();
  });
});

describe('connections', () => {
  it('of one address are limited, whoever has proven something excepted', async () => {
    const from = nextAddress();
    const ask = async (address: string, path: string) => {
      const one = dial(address);
      if (await one.served) {
        one.socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await once(one.socket, 'data');
      }
      return one;
    };
    const open = [await ask(from, '/proven')];
    for (let number = 0; number < LIMITS.connections.unprovenPerCaller; number += 1)
      open.push(await ask(from, '/'));
    expect(await Promise.all(open.map((one) => one.served))).toEqual(open.map(() => true));
    expect(await dial(from).served).toBe(false);
    const elsewhere = await ask(nextAddress(), '/');
    expect(await elsewhere.served).toBe(true);
    for (const one of [...open, elsewhere]) {
      one.socket.destroy();
      await one.closed;
    }
  });
});
