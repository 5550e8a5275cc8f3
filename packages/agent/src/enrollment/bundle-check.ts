import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type Bundle, messageOf, PatchError } from '@linux-patch/contract';
import {
  buildChain,
  type CertificateFacts,
  matchesFingerprint,
  parseCertificates,
  parseCrl,
  publicKeySpki,
  verifyCrl,
} from '@linux-patch/pki';
import type { Material } from '../certificates/material.ts';

/** What a bundle is held against. */
export interface BundleExpectation {
  /** Our key; undefined when the manager makes it. */
  readonly ownKeyPem: string | undefined;
  readonly fqdn: string;
  readonly ipAddress: string;
  readonly now: number;
  /** The pin, when the manager is trusted by it. */
  readonly fingerprint: string | undefined;
}

const SKEW_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_LIFE_MS = 825 * DAY_MS;

function reject(check: string, message: string, cause?: unknown): never {
  throw new PatchError('CERT_UNSUITABLE', `The received certificates were refused (${check}): ${message}`, {
    details: { check },
    ...(cause === undefined ? {} : { cause }),
  });
}

function parse(check: string, what: string, pem: string): CertificateFacts[] {
  try {
    return parseCertificates(pem);
  } catch (cause) {
    return reject(check, `${what} cannot be read: ${messageOf(cause)}`, cause);
  }
}

function checkAuthorities(authorities: readonly CertificateFacts[], expected: BundleExpectation): void {
  if (authorities.length === 0) reject('V4', 'there is no CA certificate');
  for (const one of authorities) if (!one.isCa) reject('V4', `"${one.subject}" was sent as a CA but is none`);
  if (
    expected.fingerprint !== undefined &&
    !authorities.some((one) => matchesFingerprint(one.pem, expected.fingerprint ?? ''))
  ) {
    reject('V5', 'the CA is not the one that enrollment.ca_fingerprint names');
  }
}

function checkLeaf(leaf: CertificateFacts, expected: BundleExpectation): void {
  if (leaf.isCa) reject('V7', 'the host certificate is a CA');
  if (leaf.extendedKeyUsage.length > 0 && !leaf.extendedKeyUsage.includes('serverAuth')) {
    reject('V8', 'the host certificate is not for servers');
  }
  if (isIP(expected.fqdn) === 0 && !leaf.dnsNames.some((name) => name.toLowerCase() === expected.fqdn)) {
    reject(
      'V9',
      `the host certificate is for ${leaf.dnsNames.join(', ') || 'no name'}, not for ${expected.fqdn}`,
    );
  }
  // Early builds of the older generation left the address out; then the key was theirs, too.
  if (expected.ownKeyPem !== undefined && !new X509Certificate(leaf.der).checkIP(expected.ipAddress)) {
    reject('V9', `the host certificate does not name the address ${expected.ipAddress}`);
  }
  checkDates(leaf, expected.now);
}

function checkDates(leaf: CertificateFacts, now: number): void {
  const { notBeforeMs, notAfterMs } = leaf;
  if (notBeforeMs > now + SKEW_MS) {
    reject(
      'V13',
      `the host certificate is valid from ${new Date(notBeforeMs).toISOString()}, this host's clock says ${new Date(now).toISOString()}`,
    );
  }
  const lifeMs = notAfterMs - notBeforeMs;
  if (lifeMs <= 0 || lifeMs > LONGEST_LIFE_MS)
    reject('V15', `a life of ${Math.round(lifeMs / DAY_MS)} days is not acceptable`);
  // A certificate that is as good as over would only be renewed in a hurry.
  const neededMs = Math.max(Math.min(HOUR_MS, lifeMs / 2), lifeMs * 0.02);
  if (notAfterMs - now < neededMs)
    reject('V14', `the host certificate expires on ${new Date(notAfterMs).toISOString()}`);
}

/** P-256, P-384, Ed25519 and RSA of 2048 bits or more. */
function checkAlgorithm(one: CertificateFacts): void {
  const rsaBits = Number(/^RSA (\d+)$/.exec(one.publicKeyAlgorithm)?.[1] ?? 0);
  if (rsaBits < 2048 && !['EC P-256', 'EC P-384', 'Ed25519'].includes(one.publicKeyAlgorithm))
    reject('V12', `"${one.subject}" has a ${one.publicKeyAlgorithm} key, which is too weak or unknown`);
}

function checkKey(leaf: CertificateFacts, bundle: Bundle, expected: BundleExpectation): string {
  if (expected.ownKeyPem !== undefined) {
    if (bundle.server_key) reject('V19', 'the manager sent a private key although this host made its own');
    if (Buffer.compare(publicKeySpki(expected.ownKeyPem), leaf.spki) !== 0)
      reject('V11', 'the host certificate is for another key');
    return expected.ownKeyPem;
  }
  if (!bundle.server_key) reject('V10', 'there is no private key');
  let spki: Uint8Array;
  try {
    spki = publicKeySpki(bundle.server_key);
  } catch (cause) {
    return reject('V10', 'the private key cannot be read', cause);
  }
  if (Buffer.compare(spki, leaf.spki) !== 0)
    reject('V11', 'the private key does not belong to the host certificate');
  return bundle.server_key;
}

function checkCrl(
  crlPem: string | undefined,
  leaf: CertificateFacts,
  authorities: readonly CertificateFacts[],
): string | undefined {
  if (crlPem === undefined || crlPem.trim() === '') return undefined;
  try {
    const { serials } = parseCrl(crlPem);
    if (!authorities.some((one) => verifyCrl(crlPem, one.pem)))
      reject('V17', 'the revocation list is not signed by the CA');
    if (serials.has(leaf.serialHex)) reject('V17', 'the host certificate is already revoked');
    return crlPem;
  } catch (cause) {
    if (cause instanceof PatchError && cause.code === 'CERT_UNSUITABLE') throw cause;
    return reject('V17', 'the revocation list cannot be read', cause);
  }
}

/** Drops a certificate that is sent twice, keeping the order. */
function distinct(list: readonly CertificateFacts[]): CertificateFacts[] {
  const seen = new Set<string>();
  return list.filter((one) => {
    const identity = Buffer.from(one.der).toString('base64');
    return !seen.has(identity) && seen.add(identity);
  });
}

/**
 * Holds a bundle against what this host asked for and trusts, before anything is written.
 *
 * @throws PatchError `CERT_UNSUITABLE` with the failed check (`details.check`, V1 to V19) and why.
 */
export function checkBundle(bundle: Bundle, expected: BundleExpectation): Material {
  const roots = parse('V3', 'the CA certificate', bundle.ca_crt);
  const chain = bundle.ca_chain ? parse('V3', 'the CA chain', bundle.ca_chain) : [];
  const [leaf, ...sent] = parse('V3', 'the host certificate', bundle.server_crt);
  if (!leaf) return reject('V3', 'there is no host certificate');
  checkAuthorities(roots, expected);
  checkLeaf(leaf, expected);
  for (const one of [leaf, ...roots]) checkAlgorithm(one);
  const intermediates = distinct([...sent, ...chain]).filter((one) => one.isCa);
  try {
    buildChain({ leaf, intermediates, roots, now: Math.max(expected.now, leaf.notBeforeMs) });
  } catch (cause) {
    return reject('V6', messageOf(cause), cause);
  }
  const keyPem = checkKey(leaf, bundle, expected);
  const authorities = distinct([...roots, ...intermediates]);
  const crlPem = checkCrl(bundle.crl_pem, leaf, authorities);
  const between = distinct([leaf, ...intermediates.filter((one) => !one.selfSigned)]);
  return {
    caPem: distinct(roots)
      .map((one) => one.pem.trimEnd() + '\n')
      .join(''),
    certificatePem: between.map((one) => one.pem.trimEnd() + '\n').join(''),
    keyPem,
    crlPem,
  };
}
