import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { askOver, connectionFault, readBounded } from '@linux-patch/http/client';
import type { Proxy } from '../host/proxy.ts';
import { ManagerFailure } from './failure.ts';
import { openConnection } from './open-connection.ts';
import type { BoundedRequest, ManagerRequest, Stage } from './request.ts';

export interface ManagerAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** `text` without the secret of the request. */
  readonly shownText: string;
  /** The peer's certificate (DER), when the connection was TLS. */
  readonly peerCertificate: Uint8Array | undefined;
  /** The certificates that the peer sent (DER), its own first; empty without TLS. */
  readonly peerChain: readonly Uint8Array[];
  /** Whether the connection came about only without the hybrid key exchange: something on the way cuts large packets. */
  readonly smallHello: boolean;
}

/** What did not come in time, by how far the request had come. */
const MISSING: Readonly<Record<Stage, string>> = {
  connecting: 'no connection came about; the host is off, or a firewall drops packets',
  handshake:
    'there is a connection, but its TLS handshake is not answered; a firewall may let only small packets through, or what listens there hangs',
  answer:
    'the request was sent, but no answer came; the manager is overloaded or hangs, or a proxy in front of it waits for it',
  body: 'its answer began, but did not end in time; the line is slow, or something in between holds it up',
};

const BODY_LIMIT_BYTES = 256 * 1024;
const LONGEST_CHAIN = 8;

async function readBody(request: ManagerRequest, response: IncomingMessage): Promise<string> {
  const bytes = await readBounded(response, BODY_LIMIT_BYTES, () => {
    response.destroy();
    return new ManagerFailure(
      'protocol',
      `${request.shownUrl} sends more than ${BODY_LIMIT_BYTES} bytes; no manager does that.`,
    );
  });
  if (!response.complete)
    throw new ManagerFailure('transient', `The answer of ${request.shownUrl} broke off.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ManagerFailure('protocol', `${request.shownUrl} sends text that is not UTF-8.`);
  }
}

/**
 * One request, one answer. Never follows a redirect, never sends more than it was told, reads at most
 * 256 KiB, and is done within `timeoutMs` however slowly the bytes come. Nothing is sent before the peer is the one
 * that `peer` demands.
 *
 * @throws ManagerFailure
 */
export async function requestOnce(asked: ManagerRequest): Promise<ManagerAnswer> {
  const proxy = proxyOf(asked);
  const request = proxy
    ? { ...asked, shownUrl: `${asked.shownUrl} (through the proxy ${proxy.shown})` }
    : asked;
  const limit = AbortSignal.timeout(request.timeoutMs);
  let stage: Stage = 'connecting';
  const bounded: BoundedRequest = {
    ...request,
    signal: AbortSignal.any([request.signal, limit]),
    reached: (next) => {
      stage = next;
    },
  };
  try {
    return await exchange(bounded, proxy);
  } catch (error) {
    if (request.signal.aborted) throw new ManagerFailure('stopped', 'The agent was told to stop.');
    if (limit.aborted) {
      throw new ManagerFailure(
        'transient',
        `${request.shownUrl} did not answer within ${request.timeoutMs / 1000} s: ${MISSING[stage]}.`,
        { details: { stage } },
      );
    }
    if (error instanceof ManagerFailure) throw error;
    const message = `${request.shownUrl} does not answer (${connectionFault(error)}).`;
    throw new ManagerFailure('transient', message, { cause: error, details: { stage } });
  }
}

/** Going around a proxy that is set wrongly would show the token's way to whoever the proxy is there for. */
function proxyOf({ proxyFor, url, shownUrl }: ManagerRequest): Proxy | undefined {
  const chosen = proxyFor?.(url);
  if (chosen && 'fault' in chosen) {
    throw new ManagerFailure('transient', `${shownUrl} was not asked: ${chosen.fault}.`);
  }
  return chosen;
}

async function exchange(request: BoundedRequest, proxy: Proxy | undefined): Promise<ManagerAnswer> {
  const { connection, smallHello } = await openConnection(request, proxy);
  try {
    request.reached('answer');
    return { ...(await converse(request, connection)), smallHello };
  } finally {
    connection.destroy();
  }
}

/** What the peer sent, before the connection ends and forgets it. */
function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let one: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (one?.raw && chain.length < LONGEST_CHAIN) {
    chain.push(one.raw);
    one = one.issuerCertificate === one ? undefined : one.issuerCertificate;
  }
  return chain;
}

async function converse(
  request: BoundedRequest,
  connection: Socket,
): Promise<Omit<ManagerAnswer, 'smallHello'>> {
  const secure = connection instanceof TLSSocket ? connection : undefined;
  const peerCertificate = secure?.getPeerX509Certificate()?.raw;
  const peerChain = secure ? chainOf(secure) : [];
  const { url, method, headers, body, signal } = request;
  const response = await askOver(connection, {
    method,
    target: url.pathname + url.search,
    headers: { host: url.host, ...headers },
    body,
    signal,
  });
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    response.destroy();
    throw new ManagerFailure(
      'protocol',
      `${request.shownUrl} redirects to ${originOf(response.headers.location, request.url)}. Redirects are not followed while ` +
        'enrolling; set enrollment.manager_url to where the manager really is.',
    );
  }
  request.reached('body');
  const text = await readBody(request, response);
  const shownText = request.secret ? text.replaceAll(request.secret, '…') : text;
  return { status, headers: response.headers, text, shownText, peerCertificate, peerChain };
}

/** Where a redirect leads, without its path, which may carry a token. */
function originOf(location: string | undefined, base: URL): string {
  if (location === undefined || !URL.canParse(location, base.href)) return 'nowhere';
  return new URL(location, base.href).origin;
}
