import type { SecureContextOptions } from 'node:tls';
import type { Material } from '../identity/store/material.ts';

/** The agent's identity and trust, PEM. */
export type TlsMaterial = Omit<Material, 'crlPem'>;

/**
 * Context for TLS 1.3 only. The revocation list is deliberately left out (see `readList`), and so are fixed
 * ticket keys: each new context draws its own, so no session outlives a change of trust.
 */
export function secureContextOptions(material: TlsMaterial): SecureContextOptions {
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
