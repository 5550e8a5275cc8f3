import { messageOf, PatchError } from '@linux-patch/contract';
import { fromBase64url, toBase64url } from './base64url.ts';
import { type CertificateFacts, parseCertificateDer, parseCertificates } from './certificates.ts';
import { CLOCK_SKEW_MS } from './chain.ts';
import { isAllowedKey, readPrivateKey, readPublicKey } from './keys.ts';
import { algorithmFor, signBytes, verifyBytes } from './signatures.ts';

/** A proof whose signature, claims, audience and times are right. Its chain is still to be checked. */
export interface VerifiedCertificateProof {
  /** The certificate whose key signed; the first of `chain`. */
  readonly certificate: CertificateFacts;
  readonly chain: readonly CertificateFacts[];
  /** Unique per proof; the caller refuses one it has seen within the last ten minutes. */
  readonly jti: string;
}

const LIFETIME_S = 60;
const SKEW_S = CLOCK_SKEW_MS / 1000;
const LIMIT_BYTES = 64 * 1024;
const CHAIN_LIMIT = 8;

/** The URL that a proof has to be addressed to, or what says of one whether it is the verifier's own. */
export type Audience = string | ((audience: string) => boolean);

/** Which proof it is, as its messages call it, and the claims that it must carry beside audience and times. */
export interface ProofKind {
  readonly name: string;
  readonly claims: Readonly<Record<string, string>>;
  /** What a proof with other claims is. */
  readonly otherClaims: string;
}

/**
 * A compact JWS (RFC 7515) with the certificate chain in `x5c`, good for 60 seconds: its holder asks something of the
 * manager. It needs no client certificate in TLS, so it passes proxies.
 */
export function createCertificateProof(
  kind: ProofKind,
  proof: {
    readonly privateKeyPem: string;
    /** The current certificate first, then its intermediates. */
    readonly certificateChainPem: string;
    /** The URL that is asked; a proof for one URL is worth nothing at another. */
    readonly audience: string;
    readonly nowS: number;
    readonly jti: string;
  },
): string {
  const key = readPrivateKey(proof.privateKeyPem);
  const x5c = parseCertificates(proof.certificateChainPem).map((one) =>
    Buffer.from(one.der).toString('base64'),
  );
  const header = { alg: algorithmFor(key), typ: 'JWT', x5c };
  const claims = {
    aud: proof.audience,
    iat: proof.nowS,
    exp: proof.nowS + LIFETIME_S,
    jti: proof.jti,
    ...kind.claims,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${toBase64url(signBytes(key, Buffer.from(signed)))}`;
}

/**
 * Checks a proof: signature by the first certificate's key, audience, claims, times (five minutes of skew). Does not
 * check the chain: the caller does, with `buildChain` and its own roots. Throws UNAUTHORIZED.
 */
export function verifyCertificateProof(
  kind: ProofKind,
  expected: { readonly jws: string; readonly audience: Audience; readonly nowS: number },
): VerifiedCertificateProof {
  const refused = refusalOf(kind);
  const [header, payload, signature, ...more] =
    expected.jws.length > LIMIT_BYTES ? [] : expected.jws.split('.');
  const signatureBytes = fromBase64url(signature ?? '');
  if (!header || !payload || !signature || more.length > 0 || !signatureBytes)
    throw refused('is not a compact JWS');
  const { alg, x5c } = decode(header, refused);
  const chain = readChain(x5c, refused);
  const certificate = chain[0];
  if (certificate === undefined) throw refused('carries no certificate');
  const key = readPublicKey(certificate.spki);
  if (!isAllowedKey(key) || alg !== algorithmFor(key)) {
    throw refused("names a signature algorithm that is not the one of the certificate's key");
  }
  if (!verifyBytes(key, Buffer.from(`${header}.${payload}`), signatureBytes)) {
    throw refused(`is not signed with the key of the certificate it shows ("${certificate.subject}")`);
  }
  return { certificate, chain, jti: checkClaims(kind, decode(payload, refused), expected) };
}

function checkClaims(
  kind: ProofKind,
  claims: Readonly<Record<string, unknown>>,
  expected: { readonly audience: Audience; readonly nowS: number },
): string {
  const refused = refusalOf(kind);
  const { aud, iat, exp, jti } = claims;
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw refused('has no usable times');
  if (typeof jti !== 'string' || jti.length < 8 || jti.length > 128) throw refused('has no usable jti');
  if (!isAddressed(aud, expected.audience)) throw refused('is meant for another address');
  if (Object.entries(kind.claims).some(([name, value]) => claims[name] !== value))
    throw refused(kind.otherClaims);
  const [issuedS, expiresS] = [Number(iat), Number(exp)];
  if (expiresS <= issuedS || expiresS - issuedS > LIFETIME_S) throw refused('claims to be good for too long');
  if (issuedS > expected.nowS + SKEW_S || expiresS < expected.nowS - SKEW_S) {
    const [made, now] = [issuedS, expected.nowS].map((seconds) => new Date(seconds * 1000).toISOString());
    throw refused(`was made at ${made}, but here it is ${now}; one of the two clocks is wrong`);
  }
  return jti;
}

function isAddressed(aud: unknown, expected: Audience): boolean {
  return typeof expected === 'string' ? aud === expected : typeof aud === 'string' && expected(aud);
}

type Refusal = (problem: string, cause?: unknown) => PatchError;

function readChain(x5c: unknown, refused: Refusal): CertificateFacts[] {
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > CHAIN_LIMIT)
    throw refused('carries no certificate');
  return x5c.map((entry: unknown) => {
    if (typeof entry !== 'string') throw refused('carries something that is not a certificate');
    try {
      return parseCertificateDer(Buffer.from(entry, 'base64'));
    } catch (cause) {
      throw refused(`carries an unreadable certificate: ${messageOf(cause)}`, cause);
    }
  });
}

function decode(part: string, refused: Refusal): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(fromBase64url(part) ?? []).toString('utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (cause) {
    throw refused('is not a compact JWS', cause);
  }
  throw refused('is not a compact JWS');
}

function encode(value: unknown): string {
  return toBase64url(Buffer.from(JSON.stringify(value)));
}

function refusalOf(kind: ProofKind): Refusal {
  return (problem, cause) => new PatchError('UNAUTHORIZED', `The ${kind.name} ${problem}.`, { cause });
}
