import type { Socket } from 'node:net';
import { dial, hostOf, shakeHands } from '@linux-patch/http/client';
import type { Proxy } from '../host/proxy.ts';
import { connectSecurely } from './connection.ts';
import { openTunnel } from './proxy-tunnel.ts';
import type { BoundedRequest } from './request.ts';

interface OpenConnection {
  readonly connection: Socket;
  /** Whether the hybrid key exchange had to be left out. */
  readonly smallHello: boolean;
}

/**
 * Opens the connection that a request goes over: directly or through a proxy, with TLS where the URL says so.
 *
 * @throws ManagerFailure when the peer is not the one demanded, or the proxy makes no tunnel; Node's error for the network
 */
export async function openConnection(
  request: BoundedRequest,
  proxy: Proxy | undefined,
): Promise<OpenConnection> {
  const { url, shownUrl, peer, smallHello, timeoutMs, signal } = request;
  const openWire = () => openWireTo(request, proxy);
  if (url.protocol === 'http:') return { connection: await openWire(), smallHello: false };
  return shakeHands({
    openWire,
    shake(attempt) {
      request.reached('handshake');
      return connectSecurely({ url, shownUrl, peer, ...attempt });
    },
    smallHello,
    timeoutMs,
    signal,
  });
}

function openWireTo({ url, timeoutMs, signal }: BoundedRequest, proxy: Proxy | undefined): Promise<Socket> {
  if (proxy) return openTunnel(proxy, { url, timeoutMs, signal });
  const port = Number(url.port) || (url.protocol === 'http:' ? 80 : 443);
  return dial({ host: hostOf(url), port, signal });
}
