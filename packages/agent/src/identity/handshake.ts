import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  createServer,
  type TLSSocket,
} from 'node:tls';
import { messageOf, PatchError } from '@linux-patch/contract';
import { verificationFault } from '@linux-patch/http/client';
import type { Fault } from '@linux-patch/pki';
import type { Material } from './store/material.ts';

type TlsFiles = Pick<Material, 'caPem' | 'certificatePem' | 'keyPem'>;

/** Names that a peer would verify; what is undefined is not tried. */
export interface HandshakeNames {
  readonly fqdn?: string | undefined;
  readonly ipAddress?: string | undefined;
}

const TIMEOUT_MS = 5_000;
const ONLY_13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

/** V21, first part: whether the TLS library takes the set at all. It is stricter about PEM than a parser may be. */
export function contextFault(files: TlsFiles, paths: readonly string[]): Fault | undefined {
  try {
    createSecureContext({ ca: files.caPem, cert: files.certificatePem, key: files.keyPem, ...ONLY_13 });
    return undefined;
  } catch (error) {
    const message = `The TLS library does not take ${paths.join(', ')}: ${messageOf(error)}.`;
    return { check: 'V21', message, paths, refuses: 'always' };
  }
}

/**
 * V21, second part: serves the set on loopback and shakes hands with it as the manager would: TLS 1.3, only its own CA
 * trusted, verified by name (the manager's WebSockets) and by address (its polls).
 */
export async function handshakeFaults(
  files: TlsFiles,
  names: HandshakeNames,
  paths: readonly string[],
): Promise<Fault[]> {
  const faultOf = (how: string, error: unknown): Fault => ({
    check: 'V21',
    message: `A TLS handshake with ${paths.join(', ')} ${how} fails: ${messageOf(error)}.`,
    paths,
  });
  try {
    const server = createServer({ cert: files.certificatePem, key: files.keyPem, ...ONLY_13 });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const port = (server.address() as AddressInfo).port;
      const faults: Fault[] = [];
      for (const [how, options] of ways(names)) {
        await shakeHands({ ...options, port, ca: files.caPem }).catch((error: unknown) =>
          faults.push(faultOf(how, error)),
        );
      }
      return faults;
    } finally {
      server.close();
    }
  } catch (error) {
    return [faultOf('on loopback', error)];
  }
}

/** Each way in which a peer verifies: by name, by address, or the chain alone where neither is known. */
function ways({ fqdn, ipAddress }: HandshakeNames): [string, ConnectionOptions][] {
  const all: [string, ConnectionOptions][] = [];
  if (fqdn) all.push([`by the name ${fqdn}`, { servername: fqdn }]);
  if (ipAddress) {
    const byAddress: ConnectionOptions['checkServerIdentity'] = (_host, certificate) =>
      checkServerIdentity(ipAddress, certificate);
    all.push([`by the address ${ipAddress}`, { checkServerIdentity: byAddress }]);
  }
  if (all.length === 0) all.push(['on loopback', { checkServerIdentity: () => undefined }]);
  return all;
}

const DATE_FAULTS = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

/** Node gives an OpenSSL code as text, or an error for a wrong name. */
function faultCode(fault: unknown): string {
  if (typeof fault === 'string') return fault;
  return (fault as NodeJS.ErrnoException).code ?? messageOf(fault);
}

function open(options: ConnectionOptions): TLSSocket {
  const socket = connect({
    host: '127.0.0.1',
    minVersion: 'TLSv1.3',
    allowPartialTrustChain: true,
    timeout: TIMEOUT_MS,
    ...options,
  });
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  return socket;
}

/** A peer that goes on in spite of a fault hears no more than a code; one that does not gets OpenSSL's words. */
async function faultWords(options: ConnectionOptions, fault: unknown): Promise<string> {
  if (faultCode(fault) !== 'UNSPECIFIED') return faultCode(fault);
  const socket = open(options);
  try {
    await once(socket, 'secureConnect');
    return faultCode(fault);
  } catch (error) {
    return verificationFault(faultCode(error), messageOf(error));
  } finally {
    socket.destroy();
  }
}

async function shakeHands(options: ConnectionOptions): Promise<void> {
  const socket = open({ ...options, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    // Dates were judged before, with an allowance for clocks that differ; the TLS library has none.
    const fault: unknown = socket.authorizationError;
    if (fault && !DATE_FAULTS.has(faultCode(fault))) throw new Error(await faultWords(options, fault));
  } finally {
    socket.destroy();
  }
}

/**
 * The last check before anything is installed.
 *
 * @throws PatchError `CERT_UNSUITABLE` with the TLS library's reason.
 */
export async function checkHandshake(material: Material, names: HandshakeNames): Promise<void> {
  const paths = ['server_crt', 'its key'];
  const fault =
    contextFault(material, ['ca_crt', ...paths]) ?? (await handshakeFaults(material, names, paths))[0];
  if (!fault) return;
  throw new PatchError('CERT_UNSUITABLE', `The received certificates were refused (V21): ${fault.message}`, {
    details: { check: 'V21' },
  });
}
