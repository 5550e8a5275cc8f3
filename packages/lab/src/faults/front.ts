import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { makeOpensslIdentity } from '../openssl-identity.ts';
import { askUntil } from '../wait.ts';

/** What somebody in front of the manager does with connections. */
export type FrontMode =
  | { readonly kind: 'pass' }
  /** Takes connections and says nothing. */
  | { readonly kind: 'silent' }
  /** Speaks, but not TLS. */
  | { readonly kind: 'no_tls' }
  | { readonly kind: 'reset' }
  /** Lets everything through and cuts the connection at the next bytes that the manager sends. */
  | { readonly kind: 'cut_answer' }
  /** Ends TLS with a certificate of its own and answers itself. */
  | { readonly kind: 'answer'; readonly with: (request: IncomingMessage, response: ServerResponse) => void };

/** A port in front of the manager whose behaviour a case changes. */
export interface Front extends AsyncDisposable {
  readonly url: string;
  /** Changes what happens to new connections; open ones are closed. */
  become(mode: FrontMode): void;
  /** Changes what happens from now on, to open connections too. */
  becomeGently(mode: FrontMode): void;
  /** Resolves when a connection that is let through has been quiet for a moment: a poll is held on it. */
  held(): Promise<void>;
}

/** Nothing of an answer that is being sent is this late on one machine. */
const QUIET_MS = 700;

function pipeTo(manager: URL, socket: Socket, mode: () => FrontMode, sockets: Set<Socket>): void {
  const upstream = connect(Number(manager.port), manager.hostname);
  track(upstream, sockets);
  socket.pipe(upstream);
  upstream.on('data', (chunk) => {
    if (mode().kind !== 'cut_answer') return void socket.write(chunk);
    socket.destroy();
    upstream.destroy();
  });
  upstream.on('end', () => socket.end());
  upstream.on('close', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
}

function track(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
}

/** Opens a front on a loopback port; at first it lets everything through. */
export async function openFront(options: {
  readonly folder: string;
  readonly managerUrl: string;
}): Promise<Front> {
  const identity = await makeOpensslIdentity({
    folder: options.folder,
    fqdn: 'front.lab.test',
    commonName: 'front.lab.test',
    address: '127.0.0.1',
  });
  const manager = new URL(options.managerUrl);
  const sockets = new Set<Socket>();
  let mode: FrontMode = { kind: 'pass' };
  let lastByteMs = performance.now();
  const pair = { key: await readFile(identity.key), cert: await readFile(identity.certificate) };
  const web = createHttpsServer(pair, (request, response) => {
    if (mode.kind === 'answer') mode.with(request, response);
    else response.destroy();
  });
  const server = createServer((socket) => {
    socket.on('data', () => (lastByteMs = performance.now()));
    track(socket, sockets);
    switch (mode.kind) {
      case 'pass':
      case 'cut_answer':
        return pipeTo(manager, socket, () => mode, sockets);
      case 'silent':
        return;
      case 'no_tls':
        socket.end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n');
        return;
      case 'reset':
        socket.resetAndDestroy();
        return;
      case 'answer':
        web.emit('connection', socket);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  const becomeGently = (next: FrontMode): void => {
    mode = next;
  };
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://127.0.0.1:${address.port}`,
    become(next) {
      becomeGently(next);
      closeAll();
    },
    becomeGently,
    async held() {
      await askUntil('a poll to be held', async () => {
        return (sockets.size > 0 && performance.now() - lastByteMs > QUIET_MS) || undefined;
      });
    },
    async [Symbol.asyncDispose]() {
      closeAll();
      web.close();
      server.close();
      await once(server, 'close');
    },
  };
}
