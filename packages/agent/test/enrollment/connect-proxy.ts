import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** A CONNECT proxy on loopback that reaches every name at 127.0.0.1, as one with a DNS of its own does. */
export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Tunnels that were asked for, in order. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
  /** Everything that went through, as the proxy sees it. */
  readonly seen: () => string;
  /** Takes over the answers in turn; afterwards it makes tunnels. */
  answers: ((socket: Duplex) => void)[];
}

function tunnel(target: string, client: Duplex, note: (chunk: Buffer) => void): void {
  const port = Number(/:(\d+)$/.exec(target)?.[1]);
  const upstream = connect(port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    client.on('data', note).pipe(upstream);
    upstream.on('data', note).pipe(client);
  });
  for (const [one, other] of [
    [upstream, client],
    [client, upstream],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

/** Starts the proxy on a free port. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const sockets = new Set<Duplex>();
  const chunks: Buffer[] = [];
  const server = createServer((_request, response) => void response.writeHead(400).end());
  const proxy: Omit<ConnectProxy, 'port' | 'url' | typeof Symbol.asyncDispose> = {
    asked: [],
    answers: [],
    seen: () => Buffer.concat(chunks).toString('latin1'),
  };
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => {});
    sockets.add(socket);
    const target = request.url ?? '';
    proxy.asked.push({ target, authorization: request.headers['proxy-authorization'] });
    const answer = running.answers.shift();
    if (answer) answer(socket);
    else tunnel(target, socket, (chunk) => void chunks.push(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const running: ConnectProxy = Object.assign(proxy, {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  return running;
}

/** An answer that is no tunnel. */
export function answering(status: string, ...headers: readonly string[]): (socket: Duplex) => void {
  return (socket) => {
    socket.end([`HTTP/1.1 ${status}`, 'Content-Length: 0', ...headers, '', ''].join('\r\n'));
  };
}
