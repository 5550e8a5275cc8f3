import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { bodyTextOf, PatchError } from '@linux-patch/contract';
import { systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { answerWith } from './answer.ts';
import { type AnsweredRequest, createHttpApp } from './app.ts';
import type { HttpRequest } from './http-request.ts';
import { serveApp } from './node-adapter.ts';
import { stopServer } from './stop-server.ts';

const LIMIT_BYTES = 1_000;
const NOW_MS = Date.UTC(2026, 4, 5, 6, 7, 8);

/** An app of a few routes behind a real listener. */
async function serve() {
  const clock = new ManualClock(NOW_MS);
  const logger = memoryLogger();
  const answered: AnsweredRequest[] = [];
  const stopping = new AbortController();
  const app = createHttpApp<HttpRequest>({
    clock,
    logger,
    random: systemRandom,
    shownPath: (path) => path.replace('secret', '…'),
    onAnswered: (_exchange, one) => void answered.push(one),
  });
  app.serve({ method: 'POST', path: '/body' }, async ({ request }) =>
    answerWith(bodyTextOf(await request.readBody(LIMIT_BYTES))),
  );
  app.serve({ method: 'GET', path: '/things/{name}' }, ({ parameters }) => answerWith(parameters['name']));
  app.serve({ method: 'GET', path: '/broken' }, () => {
    throw new Error('the inside of it');
  });
  const holding = Promise.withResolvers<void>();
  app.serve({ method: 'GET', path: '/held' }, async ({ request }) => {
    holding.resolve();
    await once(request.signal, 'abort');
    return answerWith('ended');
  });
  const sockets = new Set<Socket>();
  const server = createServer(
    serveApp({
      app,
      clock,
      logger,
      stopping: stopping.signal,
      stalledMs: 60_000,
      callerFacts: ({ headers }) => (headers['x-unknown'] ? undefined : {}),
      readTarget: ({ url = '/' }) => ({
        path: url,
        search: '',
        fault: url.includes('..') ? new PatchError('INVALID_REQUEST', 'dots') : undefined,
      }),
    }),
  );
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    logger,
    answered,
    stopping,
    holding: holding.promise,
    [Symbol.asyncDispose]: () => stopServer(server, sockets, clock),
  };
}

async function ask(port: number, method: string, path: string, body?: string | Uint8Array) {
  const outgoing = httpRequest({ host: '127.0.0.1', port, method, path });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: response.statusCode, headers: response.headers, text };
}

function errorOf(text: string): { readonly code: string; readonly message: string } {
  return (JSON.parse(text) as { error: { code: string; message: string } }).error;
}

describe('a served app', () => {
  it('tells the time by which the program acts, and a request id', async () => {
    await using served = await serve();
    const { headers, text } = await ask(served.port, 'GET', '/things/a');
    expect(text).toBe('a');
    expect(headers).toMatchObject({
      date: new Date(NOW_MS).toUTCString(),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses a body beyond the limit, announced or not, and ends the connection', async () => {
    await using served = await serve();
    expect((await ask(served.port, 'POST', '/body', 'x'.repeat(LIMIT_BYTES))).status).toBe(200);
    const { status, headers, text } = await ask(served.port, 'POST', '/body', 'x'.repeat(LIMIT_BYTES + 1));
    expect([status, errorOf(text).code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(headers.connection).toBe('close');
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write(`${(2 * LIMIT_BYTES).toString(16)}\r\n${'x'.repeat(2 * LIMIT_BYTES)}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('refuses a body that is not UTF-8', async () => {
    await using served = await serve();
    const { status, text } = await ask(served.port, 'POST', '/body', Uint8Array.of(0x61, 0xff));
    expect([status, errorOf(text).code]).toEqual([400, 'INVALID_REQUEST']);
  });

  it('answers methods, paths and targets that are not served without asking a route', async () => {
    await using served = await serve();
    const put = await ask(served.port, 'PUT', '/things/a');
    expect([put.status, put.headers.allow]).toEqual([405, 'GET']);
    expect((await ask(served.port, 'TRACE', '/body')).headers.allow).toBe('POST');
    expect((await ask(served.port, 'HEAD', '/things/a')).status).toBe(405);
    expect((await ask(served.port, 'GET', '/things/a/b')).status).toBe(404);
    expect((await ask(served.port, 'GET', '/things/..')).status).toBe(400);
    expect(served.answered.map((one) => [one.method, one.path, one.status])).toEqual([
      ['PUT', '/things/a', 405],
      ['TRACE', '/body', 405],
      ['HEAD', '/things/a', 405],
      ['GET', '/things/a/b', 404],
      ['GET', '/things/..', 400],
    ]);
  });

  it('reads parts of a path percent-decoded, and leaves codes that stand for no text', async () => {
    await using served = await serve();
    expect((await ask(served.port, 'GET', '/things/a%20b%2Fc%2541')).text).toBe('a b/c%41');
    expect((await ask(served.port, 'GET', '/things/%C3%A4-%E4-%ZZ')).text).toBe('ä-%E4-%ZZ');
  });

  it('shows nothing of a fault that nobody foresaw, and logs it under the same id', async () => {
    await using served = await serve();
    const { status, headers, text } = await ask(served.port, 'GET', '/broken');
    expect([status, errorOf(text).code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(text).not.toContain('the inside of it');
    const logged = served.logger.records.find((one) => one.level === 'error');
    expect(logged?.fields).toMatchObject({ request_id: headers['x-request-id'], path: '/broken' });
  });

  it('shows paths only as they may be shown', async () => {
    await using served = await serve();
    await ask(served.port, 'GET', '/nowhere/secret');
    expect(served.answered[0]?.path).toBe('/nowhere/…');
  });

  it('ends what is held when the server stops', async () => {
    await using served = await serve();
    const held = ask(served.port, 'GET', '/held');
    await served.holding;
    served.stopping.abort(new Error('stopping'));
    const { text, headers } = await held;
    expect(text).toBe('ended');
    expect(headers.connection).toBe('close');
  });

  it('ends a connection of nobody without an answer', async () => {
    await using served = await serve();
    const socket = connect(served.port, '127.0.0.1');
    socket.write('GET /things/a HTTP/1.1\r\nHost: a\r\nX-Unknown: yes\r\n\r\n');
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    await once(socket, 'close');
    expect(received).toBe(0);
  });
});
