import { type KeyObject, sign, verify } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { type DerValue, derBits, derChildren, derOid, readDer } from './der.ts';
import { encodeBits, encodeOid, encodeSequence } from './der-writer.ts';
import { keyAlgorithm } from './keys.ts';

/** What requests and CRLs have in common: signed bytes, an algorithm and a signature. */
export interface SignedStructure {
  readonly body: DerValue;
  /** OID as the hex of its content octets. */
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

interface SignatureScheme {
  readonly digest: string | null;
  readonly keyType: string;
}

/** Accepted signatures by OID: ECDSA and RSA (PKCS #1 v1.5) with SHA-2, Ed25519. Nothing with MD5 or SHA-1. */
const SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  '2a8648ce3d040302': { digest: 'sha256', keyType: 'ec' },
  '2a8648ce3d040303': { digest: 'sha384', keyType: 'ec' },
  '2a8648ce3d040304': { digest: 'sha512', keyType: 'ec' },
  '2a864886f70d01010b': { digest: 'sha256', keyType: 'rsa' },
  '2a864886f70d01010c': { digest: 'sha384', keyType: 'rsa' },
  '2a864886f70d01010d': { digest: 'sha512', keyType: 'rsa' },
  '2b6570': { digest: null, keyType: 'ed25519' },
};

const SIGNING_OIDS: Readonly<Record<string, string>> = {
  'EC P-256': '2a8648ce3d040302',
  'EC P-384': '2a8648ce3d040303',
  Ed25519: '2b6570',
};

/** Splits SEQUENCE { body, algorithm, signature }. Throws RangeError when it is malformed. */
export function readSigned(der: Uint8Array): SignedStructure {
  const [body, algorithm, signature, ...more] = derChildren(readDer(der));
  if (body === undefined || more.length > 0) throw new RangeError('the structure is not the expected one');
  return { body, algorithm: derOid(derChildren(algorithm)[0]), signature: derBits(signature) };
}

/** Whether the signature uses an accepted algorithm, fits the key's type and is right. */
export function isSignedBy(signed: SignedStructure, key: KeyObject): boolean {
  const scheme = SCHEMES[signed.algorithm];
  if (scheme === undefined || scheme.keyType !== key.asymmetricKeyType) return false;
  return verify(scheme.digest, signed.body.encoded, key, signed.signature);
}

/** The AlgorithmIdentifier that structures signed with this key carry. Throws CERT_UNSUITABLE for an unknown kind. */
export function encodeSignatureAlgorithm(privateKey: KeyObject): Uint8Array {
  const oid = signingOid(privateKey);
  const nullParameters = Buffer.from([0x05, 0x00]);
  return privateKey.asymmetricKeyType === 'rsa'
    ? encodeSequence(encodeOid(oid), nullParameters)
    : encodeSequence(encodeOid(oid));
}

/** SEQUENCE { body, algorithm, signature } over an encoded body, DER. */
export function signStructure(body: Uint8Array, privateKey: KeyObject): Uint8Array {
  const digest = SCHEMES[signingOid(privateKey)]?.digest ?? null;
  const signature = sign(digest, body, privateKey);
  return encodeSequence(body, encodeSignatureAlgorithm(privateKey), encodeBits(signature));
}

function signingOid(privateKey: KeyObject): string {
  if (privateKey.asymmetricKeyType === 'rsa') return '2a864886f70d01010b';
  const oid = SIGNING_OIDS[keyAlgorithm(privateKey)];
  if (oid) return oid;
  throw new PatchError(
    'CERT_UNSUITABLE',
    `A ${keyAlgorithm(privateKey)} key cannot sign certificates or requests.`,
  );
}
