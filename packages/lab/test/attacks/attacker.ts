import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import type { World } from '../../../manager/test/world.ts';

/** A request on its way from the host to the manager. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer on its way back. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What somebody in the middle does with what passes; both default to passing it on. */
export interface Tricks {
  /** Changes a request, or answers it in the manager's stead. */
  readonly outward?: (request: Passing) => Passing | Reply | Promise<Passing | Reply>;
  /** Changes an answer. */
  readonly homeward?: (reply: Reply, request: Passing) => Reply | Promise<Reply>;
}

/** Somebody between host and manager, with a CA and certificates of their own. */
export interface Attacker extends AsyncDisposable {
  readonly url: string;
  /** The same for hosts that were told to use plain HTTP. */
  readonly plainUrl: string;
  readonly authority: TestAuthority;
  tricks: Tricks;
  /** Requests that hosts sent, as they came. */
  readonly seen: Passing[];
  /** Passes on to the manager as it is. */
  passOn(request: Passing): Promise<Reply>;
  /** From now on the way leads to the manager itself: its own certificate answers, nothing is changed. */
  goAway(): Promise<void>;
  /** The attacker answers with a certificate and key that were issued to somebody else. */
  poseWith(pair: { readonly chainPem: string; readonly privateKeyPem: string }): void;
  /** The attacker is back. */
  comeBack(tricks: Tricks): void;
}

export const isRegistration = (one: Passing): boolean =>
  one.method === 'POST' && one.path === '/api/v1/enroll';

export const isPoll = (one: Passing): boolean => one.path.startsWith('/api/v1/enroll/status/');

export const jsonReply = (body: unknown, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  text: JSON.stringify(body),
});

async function readBody(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function passingOf(incoming: IncomingMessage): Promise<Passing> {
  const names = ['content-type', 'authorization', 'enroll-proof', 'prefer'];
  const headers = Object.fromEntries(
    names.flatMap((name) =>
      incoming.headers[name] === undefined ? [] : [[name, String(incoming.headers[name])]],
    ),
  );
  return {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers,
    body: await readBody(incoming),
  };
}

/** Asks the manager; polls are not held, because the manager's clock stands still while a test looks elsewhere. */
async function passOn(manager: World, { method, path, headers, body }: Passing): Promise<Reply> {
  const { prefer: _prefer, ...others } = headers;
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port: manager.port,
    ca: manager.caPem,
    agent: false,
    method,
    path,
    headers: others,
  });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = await readBody(incoming);
  return {
    status: incoming.statusCode ?? 0,
    headers: { 'content-type': incoming.headers['content-type'] ?? 'text/plain' },
    text,
  };
}

async function conduct(
  attacker: Attacker,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await passingOf(incoming);
  attacker.seen.push(request);
  const changed = (await attacker.tricks.outward?.(request)) ?? request;
  const answered = 'status' in changed ? changed : await attacker.passOn(changed);
  const reply = (await attacker.tricks.homeward?.(answered, request)) ?? answered;
  response.writeHead(reply.status, { ...reply.headers });
  response.end(reply.text);
}

/** Puts somebody between hosts and a manager. */
export async function placeAttacker(manager: World): Promise<Attacker> {
  const authority = await testAuthority({ now: Date.now() });
  const own = await authority.issueWeb();
  const pair = { cert: own.chainPem, key: own.privateKeyPem };
  const secure = createHttpsServer(pair);
  const plain = createHttpServer();
  for (const server of [secure, plain]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const port = (server: typeof plain | typeof secure): number => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  const attacker: Attacker = {
    url: `https://127.0.0.1:${port(secure)}`,
    plainUrl: `http://127.0.0.1:${port(plain)}`,
    authority,
    tricks: {},
    seen: [],
    passOn: (request) => passOn(manager, request),
    async goAway() {
      const read = (name: string) => readFile(join(manager.paths.caFolder, name), 'utf8');
      secure.setSecureContext({ cert: await read('web.pem'), key: await read('web.key.pem') });
      attacker.tricks = {};
    },
    poseWith({ chainPem, privateKeyPem }) {
      secure.setSecureContext({ cert: chainPem, key: privateKeyPem });
      attacker.seen.length = 0;
    },
    comeBack(tricks) {
      secure.setSecureContext(pair);
      attacker.tricks = tricks;
      attacker.seen.length = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const server of [secure, plain]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
  for (const server of [secure, plain]) {
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      conduct(attacker, incoming, response).catch(() => response.destroy());
    });
  }
  return attacker;
}
