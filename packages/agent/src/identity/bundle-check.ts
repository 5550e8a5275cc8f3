import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type Bundle, PatchError } from '@linux-patch/contract';
import { type CertificateFacts, type Expectation, validateIdentity } from '@linux-patch/pki';
import { checkHandshake } from './handshake.ts';
import type { Material } from './store/material.ts';

/** What a bundle is held against. */
export interface BundleExpectation extends Pick<Expectation, 'freshness' | 'managerClient'> {
  /** Our key; undefined when the manager makes it. */
  readonly ownKeyPem: string | undefined;
  /** Names that it must carry, where there are any. */
  readonly fqdn: string | undefined;
  readonly ipAddress: string | undefined;
  readonly now: number;
  /** The pin, when the manager is trusted by it. */
  readonly fingerprint: string | undefined;
}

/** Drops a certificate that is sent twice, keeping the order. */
function distinct(list: readonly CertificateFacts[]): CertificateFacts[] {
  const seen = new Set<string>();
  return list.filter((one) => {
    const identity = Buffer.from(one.der).toString('base64');
    return !seen.has(identity) && seen.add(identity);
  });
}

const pemOf = (list: readonly CertificateFacts[]): string =>
  list.map((one) => one.pem.trimEnd() + '\n').join('');

/**
 * Holds a bundle against what this host asked for and trusts, before anything is written.
 *
 * @throws PatchError `CERT_UNSUITABLE` with the failed check (`details.check`, V1 to V20) and why.
 */
export function checkBundle(bundle: Bundle, expected: BundleExpectation): Material {
  const { ownKeyPem } = expected;
  const keyPem = ownKeyPem ?? bundle.server_key ?? '';
  const { findings, parsed } = validateIdentity(
    {
      ca: { path: 'ca_crt', text: bundle.ca_crt },
      chain: { path: 'ca_chain', text: bundle.ca_chain },
      certificate: { path: 'server_crt', text: bundle.server_crt },
      key: { path: ownKeyPem === undefined ? 'server_key' : "this host's key", text: keyPem },
      crl: { path: 'crl_pem', text: bundle.crl_pem },
    },
    {
      occasion: 'install',
      now: expected.now,
      thresholdDays: 0,
      expectedNames: { fqdn: expected.fqdn, ipAddress: expected.ipAddress },
      caFingerprint: expected.fingerprint,
      keyOrigin: ownKeyPem === undefined ? 'manager' : 'host',
      foreignKeyPem: ownKeyPem === undefined ? undefined : bundle.server_key,
      freshness: expected.freshness,
      managerClient: expected.managerClient,
    },
  );
  const refused = findings.find((finding) => finding.severity === 'refuse');
  if (refused || !parsed) {
    const check = refused?.check ?? 'V3';
    throw new PatchError(
      'CERT_UNSUITABLE',
      `The received certificates were refused (${check}): ${refused?.message}`,
      { details: { check } },
    );
  }
  const { cas, leaf, intermediates } = parsed;
  const between = intermediates.filter((one) => one.isCa && !one.selfSigned);
  return {
    caPem: pemOf(distinct(cas)),
    certificatePem: pemOf(distinct([leaf, ...between])),
    keyPem,
    crlPem: bundle.crl_pem?.trim() ? bundle.crl_pem : undefined,
  };
}

/**
 * Everything that is checked before an install, for enrolment and renewal alike: the bundle itself, then a handshake
 * with it.
 *
 * @throws PatchError `CERT_UNSUITABLE` with the failed check (`details.check`, V1 to V21) and why.
 */
export async function acceptBundle(bundle: Bundle, expected: BundleExpectation): Promise<Material> {
  const material = checkBundle(bundle, expected);
  const { fqdn, ipAddress, ownKeyPem } = expected;
  const named = ipAddress !== undefined && isNamed(material, ipAddress);
  await checkHandshake(material, {
    fqdn: fqdn === undefined || isIP(fqdn) !== 0 ? undefined : fqdn,
    ipAddress: named || ownKeyPem !== undefined ? ipAddress : undefined,
  });
  return material;
}

/** Early builds of the older generation leave the address out. */
function isNamed({ certificatePem }: Material, ipAddress: string): boolean {
  return new X509Certificate(certificatePem).checkIP(ipAddress) !== undefined;
}
