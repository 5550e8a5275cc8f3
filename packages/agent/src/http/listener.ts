import type { EventEmitter } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { JOB_EVENTS_PATH, messageOf, PatchError } from '@linux-patch/contract';
import type { Material } from '../identity/store/material.ts';

export const HEADER_LIMIT_BYTES = 8 * 1024;
const MAX_HEADERS = 100;
/** A handshake takes some milliseconds; whoever says nothing for so long will not. */
const HANDSHAKE_LIMIT_MS = 5_000;

/**
 * Node's server with the limits of the agent, not yet listening.
 * @throws PatchError `CERT_CORRUPT` or `CERT_KEY_MISMATCH` for material that cannot be used.
 */
export function createListener(options: {
  readonly material: Material | undefined;
  readonly timeoutMs: number;
  readonly handshakeMs?: number | undefined;
}): Server | HttpsServer {
  const { material, timeoutMs, handshakeMs = HANDSHAKE_LIMIT_MS } = options;
  const server = plainOrTls(material, timeoutMs, handshakeMs);
  server.maxHeadersCount = MAX_HEADERS;
  // For clients that do not read their answer; a listing may take longer than one request may.
  server.timeout = timeoutMs * 4;
  return server;
}

function plainOrTls(
  material: Material | undefined,
  timeoutMs: number,
  handshakeMs: number,
): Server | HttpsServer {
  const limits: ServerOptions = {
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    keepAliveTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(1_000, timeoutMs / 2),
    // The Host header means nothing to the agent, and Node would answer its absence without an envelope.
    requireHostHeader: false,
    noDelay: true,
    shouldUpgradeCallback: isJobEventsUpgrade,
  };
  if (!material) return createHttpServer(limits);
  try {
    return createHttpsServer({
      ...limits,
      ...secureContextOptions(material),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: Math.min(handshakeMs, timeoutMs),
      ALPNProtocols: ['http/1.1'],
    });
  } catch (cause) {
    throw unusableMaterial(cause);
  }
}

/**
 * Context for TLS 1.3 only. The revocation list is deliberately left out (see `readList`), and so are fixed
 * ticket keys: each new context draws its own, so no session outlives a change of trust.
 */
export function secureContextOptions(material: Material): SecureContextOptions {
  return {
    ca: material.caPem,
    cert: material.certificatePem,
    key: material.keyPem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    // ca.pem may hold an issuing CA without its root.
    allowPartialTrustChain: true,
  };
}

function isJobEventsUpgrade(request: IncomingMessage): boolean {
  const path = request.url?.split('?', 1)[0];
  return path === JOB_EVENTS_PATH && request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** Puts a check before the listeners that Node's own classes have on an event. */
export function guard(server: EventEmitter, event: string, admits: (socket: Socket) => boolean): void {
  const inner = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    if (!admits(socket)) return;
    for (const listener of inner) Reflect.apply(listener, server, [socket]);
  });
}

/** What is wrong with material that OpenSSL does not take. */
export function unusableMaterial(cause: unknown): PatchError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return code.includes('KEY_VALUES_MISMATCH')
    ? new PatchError('CERT_KEY_MISMATCH', 'The private key does not belong to the server certificate.', {
        cause,
      })
    : new PatchError('CERT_CORRUPT', `The certificates cannot be used for TLS: ${messageOf(cause)}.`, {
        cause,
      });
}
