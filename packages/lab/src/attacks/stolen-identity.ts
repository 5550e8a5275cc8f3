import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRenewalProof, createRequest, generateKey } from '@linux-patch/pki';
import type { LabHost } from '../agent-process.ts';
import { callAsStranger } from './stranger.ts';

const RENEW = '/api/v1/enroll/renew';

/** Key and certificate of a host. */
export interface StolenIdentity {
  readonly certificateChainPem: string;
  readonly keyPem: string;
}

/** What somebody copied who could read the disk of a host once. */
export async function stolenFrom(host: LabHost): Promise<StolenIdentity> {
  const at = (name: string) => readFile(join(host.root, 'etc/linux_patch_api/certs', name), 'utf8');
  return { certificateChainPem: await at('server.pem'), keyPem: await at('server.key.pem') };
}

/**
 * Asks a manager to renew, for another key.
 * @param origin to which the proof is addressed; the `Host` header says the same. Default: the manager's
 */
export async function renewWith(url: string, identity: StolenIdentity, origin = url) {
  const keyPem = await generateKey();
  const csr = await createRequest({ privateKeyPem: keyPem, commonName: 'x', dnsNames: [], ipAddresses: [] });
  const proof = createRenewalProof({
    privateKeyPem: identity.keyPem,
    certificateChainPem: identity.certificateChainPem,
    audience: `${origin}${RENEW}`,
    csrPem: csr,
    nowS: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
  });
  const headers = { host: new URL(origin).host };
  const { status, text } = await callAsStranger({ url, path: RENEW, headers, body: { csr, proof } });
  const { server_crt = '', error } = JSON.parse(text) as { server_crt?: string; error?: { code: string } };
  return { status, code: error?.code, next: { certificateChainPem: server_crt, keyPem } };
}
