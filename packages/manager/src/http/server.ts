import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { PatchError } from '@linux-patch/contract';
import { addressPrefix } from '@linux-patch/pki';
import {
  bind,
  type Clock,
  type ConnectionLimits,
  createConnectionGate,
  type GatedConnection,
  type Logger,
  type Random,
} from '@linux-patch/runtime';
import type { Hono } from 'hono';
import type { Pair } from '../authority/key-files.ts';
import { type ManagerEnv, serveApp } from './node-adapter.ts';

export interface ManagerServerOptions {
  readonly listen: { readonly bind: string; readonly port: number };
  readonly limits: ServerLimits;
  readonly tls: Pair;
  readonly app: Hono<ManagerEnv>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onHandshakeFailed?: () => void;
}

/** What one caller, and all together, may take. */
export interface ServerLimits {
  readonly connections: ConnectionLimits;
  readonly handshakeMs: number;
  /** From the beginning of a request, or of its connection, to the end of its headers. */
  readonly headersMs: number;
  /** To the end of its body. */
  readonly requestMs: number;
  /** A caller that does not read its answer is given up after so long. */
  readonly stalledMs: number;
}

/** Time limits that suit a slow line, and nobody who only wants to keep a connection. */
export const TIME_LIMITS: Omit<ServerLimits, 'connections'> = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  requestMs: 20_000,
  stalledMs: 15_000,
};

/** The manager's HTTPS listener. Disposing it ends held polls and waits a moment for running answers. */
export interface ManagerServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** New connections get this certificate. */
  replaceCertificate(pair: Pair): void;
}

const HEADER_LIMIT_BYTES = 16 * 1024;
/** How often Node looks for requests whose time is over; its default is half a minute. */
const CHECK_MS = 500;
const STOP_LIMIT_MS = 1_500;

function bindError(options: ManagerServerOptions, error: NodeJS.ErrnoException): PatchError {
  const { bind: host, port } = options.listen;
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const why =
    error.code === 'EADDRINUSE'
      ? `another process has it; find it with "ss -ltnp 'sport = :${port}'", or choose another server.port`
      : error.code === 'EADDRNOTAVAIL'
        ? 'this host does not have that address; change server.bind'
        : error.message;
  return new PatchError('BIND_FAILED', `The manager cannot listen on ${where}: ${why}.`, { cause: error });
}

function endOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** Every open connection, within the limits. */
function guardConnections({ limits, clock }: Pick<ManagerServerOptions, 'limits' | 'clock'>) {
  const gate = createConnectionGate(limits.connections, clock);
  /** By their other end, which TCP and TLS socket have in common. */
  const open = new Map<string, { readonly socket: Socket; readonly gated: GatedConnection }>();
  return {
    take(socket: Socket): void {
      const gated = gate.admit(addressPrefix(socket.remoteAddress ?? ''), () => socket.destroy());
      if (!gated) return void socket.destroy();
      const end = endOf(socket);
      const one = { socket, gated };
      open.set(end, one);
      socket.once('close', () => {
        gated.release();
        if (open.get(end) === one) open.delete(end);
      });
    },
    markProven: ({ socket }: IncomingMessage): void => open.get(endOf(socket))?.gated.prove(),
    destroyAll(): void {
      for (const { socket } of open.values()) socket.destroy();
    },
  };
}

/**
 * Binds and serves. TLS 1.2 is accepted because agents of the older generation use it to enrol.
 * @throws PatchError `BIND_FAILED`
 */
export async function openManagerServer(options: ManagerServerOptions): Promise<ManagerServer> {
  const stopping = new AbortController();
  const { limits } = options;
  const sockets = guardConnections(options);
  const server = createServer({
    cert: options.tls.certificatePem,
    key: options.tls.privateKeyPem,
    minVersion: 'TLSv1.2',
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: limits.headersMs,
    handshakeTimeout: limits.handshakeMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: CHECK_MS,
    keepAlive: true,
  });
  const { markProven } = sockets;
  server.on(
    'request',
    serveApp({ ...options, stopping: stopping.signal, markProven, stalledMs: limits.stalledMs }),
  );
  server.prependListener('connection', (socket: Socket) => sockets.take(socket));
  server.on('tlsClientError', (error) => {
    options.onHandshakeFailed?.();
    options.logger.debug('a TLS handshake failed', { error });
  });
  try {
    await bind(server, { host: options.listen.bind, port: options.listen.port });
  } catch (error) {
    throw bindError(options, error as NodeJS.ErrnoException);
  }
  // A connection that the kernel could not hand over ends nobody else's.
  server.on('error', (error) => options.logger.error('listener failed', { error }));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the listener has no TCP address');
  return {
    address: bound.address,
    port: bound.port,
    replaceCertificate: (pair) =>
      server.setSecureContext({ cert: pair.certificatePem, key: pair.privateKeyPem }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeIdleConnections();
      const enough = new AbortController();
      const limit = options.clock.sleep(STOP_LIMIT_MS, enough.signal).then(
        () => {
          sockets.destroyAll();
        },
        () => undefined,
      );
      await Promise.race([closed, limit]);
      enough.abort();
    },
  };
}
