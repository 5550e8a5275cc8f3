import type { Socket } from 'node:net';
import { hostOf } from '../host/network.ts';
import { connectSecurely } from './connection.ts';
import { dial } from './dial.ts';
import type { Proxy } from './proxy.ts';
import { openTunnel } from './proxy-tunnel.ts';
import type { BoundedRequest } from './request.ts';

/** By then even a busy manager has answered a ClientHello. */
const HELLO_LIMIT_MS = 10_000;
const CUT_CODES: readonly unknown[] = ['ECONNRESET', 'ECONNABORTED', 'EPIPE'];

interface OpenConnection {
  readonly connection: Socket;
  /** Whether the hybrid key exchange had to be left out. */
  readonly smallHello: boolean;
}

/**
 * Opens the connection that a request goes over: directly or through a proxy, with TLS where the URL says so.
 *
 * OpenSSL's ClientHello of 1.6 kB (X25519MLKEM768) does not fit into one packet, and there are firewalls that cut or drop
 * what does not. A handshake that ends before an answer is therefore tried once more without the hybrid group. Somebody
 * in between can force that, and gains nothing without a quantum computer.
 *
 * @throws ManagerFailure when the peer is not the one demanded, or the proxy makes no tunnel; Node's error for the network
 */
export async function openConnection(
  request: BoundedRequest,
  proxy: Proxy | undefined,
): Promise<OpenConnection> {
  const wire = await openWire(request, proxy);
  if (request.url.protocol === 'http:') return { connection: wire, smallHello: false };
  if (request.smallHello) return secure({ ...request, smallHello: true }, wire);
  const limit = AbortSignal.timeout(Math.floor(Math.min(HELLO_LIMIT_MS, request.timeoutMs / 3)));
  const signal = AbortSignal.any([request.signal, limit]);
  try {
    return await secure({ ...request, smallHello: false, signal }, wire);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const wasCut = limit.aborted || CUT_CODES.includes(code);
    if (request.signal.aborted || !wasCut) throw error;
  }
  return secure({ ...request, smallHello: true }, await openWire(request, proxy));
}

function openWire({ url, timeoutMs, signal }: BoundedRequest, proxy: Proxy | undefined): Promise<Socket> {
  if (proxy) return openTunnel(proxy, { url, timeoutMs, signal });
  const port = Number(url.port) || (url.protocol === 'http:' ? 80 : 443);
  return dial({ host: hostOf(url), port, signal });
}

async function secure(
  wish: BoundedRequest & { readonly smallHello: boolean },
  wire: Socket,
): Promise<OpenConnection> {
  wish.reached('handshake');
  try {
    return { connection: await connectSecurely({ ...wish, wire }), smallHello: wish.smallHello };
  } catch (error) {
    wire.destroy();
    throw error;
  }
}
