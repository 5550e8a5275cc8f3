import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { PatchError } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import type { Pair } from '../authority/key-files.ts';
import { type ManagerEnv, serveApp } from './node-adapter.ts';

export interface ManagerServerOptions {
  readonly bind: string;
  readonly port: number;
  readonly tls: Pair;
  readonly app: Hono<ManagerEnv>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onHandshakeFailed?: () => void;
}

/** The manager's HTTPS listener. Disposing it ends held polls and waits a moment for running answers. */
export interface ManagerServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** New connections get this certificate. */
  replaceCertificate(pair: Pair): void;
}

const HEADER_LIMIT_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
const STOP_LIMIT_MS = 1_500;

function bindError(options: ManagerServerOptions, error: NodeJS.ErrnoException): PatchError {
  const where = `${options.bind}:${options.port}`;
  const why =
    error.code === 'EADDRINUSE'
      ? `another process has it; find it with "ss -ltnp 'sport = :${options.port}'", or choose another server.port`
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
  const sockets = new Set<Socket>();
  const server = createServer({
    cert: options.tls.certificatePem,
    key: options.tls.privateKeyPem,
    minVersion: 'TLSv1.2',
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  server.on('request', serveApp({ ...options, stopping: stopping.signal }));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error) => {
    options.onHandshakeFailed?.();
    options.logger.debug('a TLS handshake failed', { error });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => reject(bindError(options, error)));
  server.listen({ host: options.bind, port: options.port }, resolve);
  await promise;
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
          for (const socket of sockets) socket.destroy();
        },
        () => undefined,
      );
      await Promise.race([closed, limit]);
      enough.abort();
    },
  };
}
