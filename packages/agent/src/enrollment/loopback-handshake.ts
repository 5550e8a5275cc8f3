import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { messageOf, PatchError } from '@linux-patch/contract';
import type { Material } from '../certificates/material.ts';

const TIMEOUT_MS = 5_000;

/**
 * Serves the candidate set on loopback and shakes hands with it as the manager would: TLS 1.3, only its own CA
 * trusted, the host's name verified. The last check before anything is installed.
 *
 * @throws PatchError `CERT_UNSUITABLE` with the TLS library's reason.
 */
export async function checkHandshake(material: Material, fqdn: string): Promise<void> {
  try {
    const server = createServer({
      cert: material.certificatePem,
      key: material.keyPem,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await shakeHands(server.address(), material.caPem, fqdn);
    } finally {
      server.close();
    }
  } catch (cause) {
    throw new PatchError(
      'CERT_UNSUITABLE',
      `The received certificates were refused (V21): a TLS handshake with them fails: ${messageOf(cause)}`,
      { cause, details: { check: 'V21' } },
    );
  }
}

const DATE_FAULTS = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

/** Node gives an OpenSSL code as text, or an error for a wrong name. */
function faultCode(fault: unknown): string {
  if (typeof fault === 'string') return fault;
  return (fault as NodeJS.ErrnoException).code ?? messageOf(fault);
}

async function shakeHands(
  address: ReturnType<ReturnType<typeof createServer>['address']>,
  ca: string,
  fqdn: string,
): Promise<void> {
  if (address === null || typeof address === 'string') throw new Error('no loopback port');
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: address.port,
    ca,
    servername: fqdn,
    minVersion: 'TLSv1.3',
    allowPartialTrustChain: true,
    rejectUnauthorized: false,
    timeout: TIMEOUT_MS,
  });
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'secureConnect');
    // Dates were judged before, with an allowance for clocks that differ; the TLS library has none.
    const fault: unknown = socket.authorizationError;
    if (fault && !DATE_FAULTS.has(faultCode(fault))) throw new Error(faultCode(fault));
  } finally {
    socket.destroy();
  }
}
