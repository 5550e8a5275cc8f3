import { X509Certificate } from 'node:crypto';
import { type CertificateFacts, certificateFingerprint, parseCertificate } from '@linux-patch/pki';
import type { Caller } from './caller.ts';

/** Why a connection was refused; these codes appear in the audit log only, never in an answer. */
type RefusalCode =
  | 'AUTHZ_IP_DENIED'
  | 'AUTH_CERT_MISSING'
  | 'AUTH_CERT_UNTRUSTED'
  | 'AUTH_CERT_EXPIRED'
  | 'AUTH_CERT_REVOKED'
  | 'AUTH_CERT_USAGE'
  | 'AUTH_CLIENT_NOT_ALLOWED'
  | 'AUTH_ISSUER_MISMATCH'
  | 'AUTH_TLS_FAILED';

export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** The manager as learned at enrolment: its common name and the SHA-256 of its issuer's key (base64url). */
export interface LearnedManager {
  readonly cn: string;
  readonly issuer_spki: string;
  /** More issuers that count as well, while the CA is being replaced. */
  readonly issuer_spkis?: readonly string[] | undefined;
}

export interface ClientPolicy {
  /** Names with `*` for any run of characters within a label; `*` alone allows every client of the CA. */
  readonly allowedClients: readonly string[];
  readonly manager: LearnedManager | undefined;
  /** Canonical serial numbers. */
  readonly revoked: ReadonlySet<string>;
  /** CA certificates that clients may chain to. */
  readonly authorities: readonly CertificateFacts[];
}

export type Judgement = { readonly caller: Caller } | { readonly refusal: Refusal };

/**
 * Whether a client whose certificate OpenSSL has verified may call. The dates are checked again because a resumed
 * session skips OpenSSL's verification.
 */
export function judgeClient(
  peer: X509Certificate | undefined,
  address: string,
  policy: ClientPolicy,
  nowMs: number,
): Judgement {
  if (!peer) return refuse('AUTH_CERT_MISSING', 'the client sent no certificate');
  const certificate = parseCertificate(peer.toString());
  const name = `"${certificate.subject}" (serial ${certificate.serialHex})`;
  if (nowMs > certificate.notAfterMs) return refuse('AUTH_CERT_EXPIRED', `${name} has expired`);
  if (!certificate.extendedKeyUsage.includes('clientAuth')) {
    return refuse('AUTH_CERT_USAGE', `${name} is not a client certificate`);
  }
  if (policy.revoked.has(certificate.serialHex)) return refuse('AUTH_CERT_REVOKED', `${name} is revoked`);
  if (!isNamed(certificate, policy)) {
    return refuse('AUTH_CLIENT_NOT_ALLOWED', `${name} is not among the allowed clients`);
  }
  if (policy.manager && !isFromLearnedIssuer(peer, policy.authorities, policy.manager)) {
    return refuse(
      'AUTH_ISSUER_MISMATCH',
      `${name} has another issuer than the manager this host enrolled with`,
    );
  }
  return {
    caller: {
      address,
      commonName: certificate.commonName ?? certificate.subject,
      fingerprint: certificateFingerprint(certificate.der),
      serialHex: certificate.serialHex,
    },
  };
}

function refuse(code: RefusalCode, reason: string): Judgement {
  return { refusal: { code, reason } };
}

function isNamed(certificate: CertificateFacts, policy: ClientPolicy): boolean {
  const own = [certificate.commonName ?? '', ...certificate.dnsNames, ...certificate.ipAddresses];
  const names = own.filter((name) => name !== '');
  if (policy.manager && certificate.commonName === policy.manager.cn) return true;
  return policy.allowedClients.some((pattern) => names.some((name) => matchesClient(pattern, name)));
}

/** Whether a name fits an entry of `tls.allowed_clients`; case does not matter. */
export function matchesClient(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  const source = pattern
    .split('*')
    .map((part) => RegExp.escape(part))
    .join('[^.]*');
  return new RegExp(`^${source}$`, 'i').test(name);
}

function isFromLearnedIssuer(
  peer: X509Certificate,
  authorities: readonly CertificateFacts[],
  { issuer_spki, issuer_spkis = [] }: LearnedManager,
): boolean {
  const keys = issuerKeys(peer, authorities);
  return [issuer_spki, ...issuer_spkis].some((key) => keys.has(key));
}

function issuerKeys(peer: X509Certificate, authorities: readonly CertificateFacts[]): Set<string> {
  // What a client sends along is found by its name only; the signature says whether it issued anything.
  const signed = (issuer: X509Certificate): boolean =>
    peer.checkIssued(issuer) && peer.verify(issuer.publicKey);
  const issuers = authorities.filter((authority) => signed(new X509Certificate(authority.der)));
  const sent = peer.issuerCertificate;
  const all = sent && signed(sent) ? [...issuers, parseCertificate(sent.toString())] : issuers;
  return new Set(all.map((issuer) => issuer.spkiSha256));
}

/** What OpenSSL found wrong during the handshake, in words of the audit log. */
export function refusalOfHandshake(errorCode: string, authorizationError: string | undefined): Refusal {
  const cause = authorizationError ?? errorCode;
  const reason = `the TLS handshake failed (${cause})`;
  if (cause.includes('PEER_DID_NOT_RETURN_A_CERTIFICATE')) return { code: 'AUTH_CERT_MISSING', reason };
  if (cause === 'CERT_HAS_EXPIRED' || cause === 'CERT_NOT_YET_VALID')
    return { code: 'AUTH_CERT_EXPIRED', reason };
  if (cause === 'INVALID_PURPOSE') return { code: 'AUTH_CERT_USAGE', reason };
  return { code: authorizationError ? 'AUTH_CERT_UNTRUSTED' : 'AUTH_TLS_FAILED', reason };
}
