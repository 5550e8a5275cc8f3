import { createHash, createHmac, scrypt, timingSafeEqual } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { groupedBase32, normalizeGroupedBase32 } from './base32.ts';
import { fromBase64url, toBase64url } from './base64url.ts';
import { canonicalJson, type Json } from './canonical-json.ts';

/** What an agent says about itself when it asks to join; both sides hash it, so no member can be changed on the way. */
export interface EnrollmentTranscript {
  readonly v: 1;
  readonly machine_id: string;
  readonly fqdn: string;
  readonly ip_address: string;
  readonly hostname: string;
  /** base64url */
  readonly spki_sha256: string;
  /** base64url */
  readonly nonce_a: string;
}

/** What the manager's answer to an approved request binds. An absent member is not the same as an empty one. */
export interface ApprovedBundle {
  readonly transcriptHash: Uint8Array;
  /** base64url, as it was sent. */
  readonly nonceM: string;
  readonly serverCrt: string;
  readonly caCrt: string;
  readonly caChain?: string | undefined;
  readonly crlPem?: string | undefined;
  /** The `manager_client` member of the answer. */
  readonly managerClient?: object | undefined;
}

/** A fresh host code, `XXXX-XXXX-XXXX-XXXX`, from ten bytes (80 bits) of the caller's randomness. It is a secret. */
export function createHostCode(randomBytes10: Uint8Array): string {
  return groupedBase32(randomBytes10);
}

/**
 * The canonical form of a host code as typed by a person (case, spaces, dashes, I and L for 1, O for 0), or
 * undefined when it cannot be one.
 */
export function normalizeHostCode(text: string): string | undefined {
  return normalizeGroupedBase32(text);
}

/**
 * The key both sides derive from the host code: scrypt (RFC 7914), N=2^15, r=8, p=1, 32 bytes, about 100 ms and
 * 32 MiB, salted with `lpe1` and the agent's nonce (base64url, as it travels). The code may be in any typed form;
 * throws CODE_MISMATCH when it cannot be a host code and INVALID_REQUEST when the nonce is not base64url of at
 * least 16 bytes.
 */
export async function stretchHostCode(code: string, nonceA: string): Promise<Uint8Array> {
  const canonical = normalizeHostCode(code);
  if (canonical === undefined) {
    throw new PatchError(
      'CODE_MISMATCH',
      'This is not a host code. A host code has 16 letters and digits, like K7GQ-4K2M-XR0P-9TAD; ' +
        'read it on the host with `linux-patch-api status`.',
    );
  }
  const nonce = fromBase64url(nonceA);
  if (nonce === undefined || nonce.length < 16) {
    throw new PatchError('INVALID_REQUEST', 'nonce_a is not base64url of at least 16 bytes.');
  }
  const salt = Buffer.concat([Buffer.from('lpe1'), nonce]);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
  scrypt(canonical, salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key)));
  return promise;
}

/** H(T): SHA-256 over the RFC 8785 text of exactly the transcript's members; further properties are left out. */
export function transcriptHash(transcript: EnrollmentTranscript): Uint8Array {
  const { v, machine_id, fqdn, ip_address, hostname, spki_sha256, nonce_a } = transcript;
  return hash(canonicalJson({ v, machine_id, fqdn, ip_address, hostname, spki_sha256, nonce_a }));
}

/** `tag_a`, base64url: the agent shows that it knows the code and that the request is the one it sent. */
export function agentTag(key: Uint8Array, transcript: Uint8Array): string {
  return tag(key, 'lpe1/agent', [transcript]);
}

/** `token_mac`, base64url: the agent shows that it has the join token, for exactly this request. */
export function joinTokenTag(key: Uint8Array, transcript: Uint8Array): string {
  return tag(key, 'lpe1/token', [transcript]);
}

/**
 * `tag_m` of an approval, base64url: HMAC-SHA256 over the label, H(T) and the SHA-256 of each member in the order
 * of `ApprovedBundle`. Every part has a fixed length, so no two bundles share an input; an absent member counts as
 * 32 zero bytes.
 */
export function managerApprovedTag(key: Uint8Array, bundle: ApprovedBundle): string {
  const client =
    bundle.managerClient && canonicalJson(JSON.parse(JSON.stringify(bundle.managerClient)) as Json);
  const { nonceM, serverCrt, caCrt, caChain, crlPem } = bundle;
  const members = [nonceM, serverCrt, caCrt, caChain, crlPem, client];
  return tag(key, 'lpe1/manager/approved', [bundle.transcriptHash, ...members.map(hash)]);
}

/** `tag_m` of a refusal, base64url, over H(T), the manager's nonce and the reason. */
export function managerDeniedTag(
  key: Uint8Array,
  denial: {
    readonly transcriptHash: Uint8Array;
    readonly nonceM: string;
    readonly reason?: string | undefined;
  },
): string {
  const parts = [denial.transcriptHash, hash(denial.nonceM), hash(denial.reason)];
  return tag(key, 'lpe1/manager/denied', parts);
}

/** Whether two tags are equal, in constant time; false for anything that is not a 32-byte tag in base64url. */
export function equalTags(a: string, b: string): boolean {
  const left = fromBase64url(a);
  const right = fromBase64url(b);
  if (left?.length !== 32 || right?.length !== 32) return false;
  return timingSafeEqual(left, right);
}

function hash(text: string | undefined): Uint8Array {
  return text === undefined ? new Uint8Array(32) : createHash('sha256').update(text, 'utf8').digest();
}

function tag(key: Uint8Array, label: string, parts: readonly Uint8Array[]): string {
  const mac = createHmac('sha256', key).update(label, 'utf8');
  for (const part of parts) {
    if (part.length !== 32) throw new RangeError('every part of a tag is a SHA-256 value of 32 bytes');
    mac.update(part);
  }
  return toBase64url(mac.digest());
}
