import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { PatchError } from '@linux-patch/contract';
import {
  bind,
  type ConnectionLimits,
  type HttpApp,
  peerAddress,
  serveOn,
  stopServer,
  trackConnections,
} from '@linux-patch/http';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Pair } from '../authority/key-files.ts';
import type { ManagerRequest } from './manager-request.ts';
import { readTarget } from './request-target.ts';

export interface ManagerServerOptions {
  readonly listen: { readonly bind: string; readonly port: number };
  readonly limits: ServerLimits;
  readonly tls: Pair;
  readonly app: HttpApp<ManagerRequest>;
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

export const HEADER_LIMIT_BYTES = 16 * 1024;
/** How often Node looks for requests whose time is over; its default is half a minute. */
const CHECK_MS = 500;

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

/**
 * Binds and serves. TLS 1.2 is accepted because agents of the older generation use it to enrol.
 * @throws PatchError `BIND_FAILED`
 */
export async function openManagerServer(options: ManagerServerOptions): Promise<ManagerServer> {
  const stopping = new AbortController();
  const { limits } = options;
  const connections = trackConnections(limits.connections, options.clock);
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
  serveOn<ManagerRequest>(
    server,
    {
      ...options,
      readTarget,
      stopping: stopping.signal,
      stalledMs: limits.stalledMs,
      callerFacts: ({ socket }) => ({
        observedAddress: peerAddress(socket.remoteAddress) ?? 'unknown',
        isLocal: false,
        markProven: () => connections.prove(socket),
      }),
    },
    { random: options.random, headerLimitBytes: HEADER_LIMIT_BYTES },
  );
  server.prependListener('connection', (socket: Socket) => {
    connections.take(socket, addressPrefix(peerAddress(socket.remoteAddress) ?? ''));
  });
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
      await stopServer(server, connections.sockets, options.clock);
    },
  };
}
