import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { dial } from '@linux-patch/http/client';
import type { Proxy } from '../host/proxy.ts';
import { ManagerFailure } from './failure.ts';

/** What a proxy answers is short; more is something else than a proxy. */
const HEADER_LIMIT_BYTES = 16 * 1024;
/** A proxy that has not made the tunnel by then is given up; the request itself needs time too. */
const TUNNEL_LIMIT_MS = 15_000;

interface Wish {
  readonly url: URL;
  /** Limit of the whole request; the tunnel gets half of it at most. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks the proxy for a tunnel to the host of a URL. The proxy learns the host's name and port and nothing else.
 *
 * @throws ManagerFailure of kind `transient`: whatever a proxy does is waited out.
 */
export async function openTunnel(proxy: Proxy, wish: Wish): Promise<Socket> {
  const port = wish.url.port || (wish.url.protocol === 'https:' ? '443' : '80');
  const target = `${wish.url.hostname}:${port}`;
  const limitMs = Math.floor(Math.min(TUNNEL_LIMIT_MS, wish.timeoutMs / 2));
  const limit = AbortSignal.timeout(limitMs);
  const signal = AbortSignal.any([wish.signal, limit]);
  let asked: ClientRequest | undefined;
  try {
    const wire = await dial({ host: proxy.host, port: proxy.port, signal });
    asked = askForTunnel(proxy, { target, wire, signal });
    const { response, socket, head } = await answerTo(asked);
    if (response.statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      return socket;
    }
    socket.destroy();
    throw refused(proxy, target, response);
  } catch (error) {
    asked?.destroy();
    if (error instanceof ManagerFailure || wish.signal.aborted) throw error;
    throw limit.aborted ? silent(proxy, target, limitMs) : unreachable(proxy, target, error);
  }
}

function askForTunnel(
  proxy: Proxy,
  { target, wire, signal }: { readonly target: string; readonly wire: Socket; readonly signal: AbortSignal },
): ClientRequest {
  return request({
    createConnection: () => wire,
    host: proxy.host,
    port: proxy.port,
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
    },
    maxHeaderSize: HEADER_LIMIT_BYTES,
    signal,
  });
}

interface Answer {
  readonly response: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

function answerTo(asked: ClientRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  asked.on('error', reject);
  asked.once('connect', (response: IncomingMessage, socket: Socket, head: Buffer) => {
    // Errors of the tunnel reach what is spoken inside it.
    socket.on('error', () => {});
    resolve({ response, socket, head });
  });
  asked.once('response', (response) => resolve({ response, socket: response.socket, head: Buffer.alloc(0) }));
  asked.end();
  return promise;
}

/** `proxy_status` is the proxy's own answer; null when it gave none. */
function failure(message: string, proxyStatus: number | null, cause?: unknown): ManagerFailure {
  return new ManagerFailure('transient', message, { cause, details: { proxy_status: proxyStatus } });
}

function refused(proxy: Proxy, target: string, response: IncomingMessage): ManagerFailure {
  const { statusCode: status = 0 } = response;
  const where = `The proxy ${proxy.shown}`;
  if (status === 407) {
    return failure(
      proxy.authorization === undefined
        ? `${where} wants a user name and a password (HTTP 407). Set enrollment.proxy to http://USER:PASSWORD@HOST:PORT and restart the agent.`
        : `${where} does not take the user name and the password it was given (HTTP 407). Correct them in enrollment.proxy or HTTPS_PROXY and restart the agent.`,
      status,
    );
  }
  if (status === 403 || status === 405) {
    return failure(
      `${where} does not allow a tunnel to ${target} (HTTP ${status}). Its administrator has to permit CONNECT to that host and port.`,
      status,
    );
  }
  if (status >= 500) {
    return failure(
      `${where} cannot reach ${target} (HTTP ${status}): the manager is down, or the proxy does not know its name or has no way to it.`,
      status,
    );
  }
  return failure(`${where} does not make a tunnel to ${target} (HTTP ${status}).`, status);
}

function silent(proxy: Proxy, target: string, limitMs: number): ManagerFailure {
  return failure(`The proxy ${proxy.shown} made no tunnel to ${target} within ${limitMs / 1000} s.`, null);
}

function unreachable(proxy: Proxy, target: string, error: unknown): ManagerFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  // The parser's messages would quote nothing useful, and whatever answers there is no HTTP proxy.
  const why = code?.startsWith('HPE_')
    ? 'what answers there does not speak HTTP'
    : [code, message].filter(Boolean).join(': ');
  return failure(
    `The proxy ${proxy.shown} cannot be used (${why}), so ${target} was not asked. Check enrollment.proxy or HTTPS_PROXY.`,
    null,
    error,
  );
}
