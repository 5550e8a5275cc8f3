import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { agentProfile, generateKey, issueCertificate, publicKeySpki, serialFrom } from '@linux-patch/pki';
import { systemRandom } from '@linux-patch/runtime/node';
import type { ManagerProcess } from '../manager-process.ts';

/** Listens with a certificate of a manager's CA and keeps what it hears. */
export interface Impostor extends AsyncDisposable {
  readonly port: number;
  /** Bytes that somebody sent after a handshake. */
  heard(): number;
}

/**
 * Certifies a host for any names, as managers of before did, and listens with that certificate. The CA's own key stands
 * for what a manager of before would have signed.
 */
export async function openImpostor(
  manager: ManagerProcess,
  names: Parameters<typeof agentProfile>[0],
  place: { readonly address: string; readonly port: number },
): Promise<Impostor> {
  const ca = join(manager.root, 'var/lib/linux_patch_manager/ca');
  const [certificatePem, privateKeyPem] = await Promise.all(
    ['issuing.pem', 'issuing.key.pem'].map((name) => readFile(join(ca, name), 'utf8')),
  );
  const issuer = { certificatePem: certificatePem ?? '', privateKeyPem: privateKeyPem ?? '' };
  const key = await generateKey();
  const leaf = await issueCertificate({
    profile: agentProfile(names),
    subjectSpki: publicKeySpki(key),
    issuer,
    serial: serialFrom(systemRandom.bytes(16)),
    now: Date.now(),
  });
  let heard = 0;
  const server = createServer(
    { key, cert: leaf + issuer.certificatePem, minVersion: 'TLSv1.3' },
    (socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.length;
      });
      socket.on('error', () => undefined);
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(place.port, place.address);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : place.port,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
