import { isPatchError, PatchError } from '@linux-patch/contract';
import { type DerValue, derChildren, derOid, expectTag, TAG } from './der.ts';
import { encode, encodeInteger, encodeOid, encodeSequence } from './der-writer.ts';
import { encodeCommonName, readName } from './distinguished-name.ts';
import {
  type Extensions,
  encodeAlternativeNames,
  readAlternativeNames,
  readExtensions,
} from './extensions.ts';
import { keyId, spkiSha256 } from './fingerprints.ts';
import { isAllowedKey, keyAlgorithm, publicKeySpki, readPrivateKey, readPublicKey } from './keys.ts';
import { readPem, writePem } from './pem.ts';
import { isSignedBy, readSigned, signStructure } from './signed-structure.ts';

/** What a certificate request says. The names are wishes: the issuer takes names from its own records. */
export interface RequestFacts {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** base64url */
  readonly spkiSha256: string;
  readonly keyId: string;
  readonly commonName: string | undefined;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

const LIMIT_BYTES = 16 * 1024;
/** pkcs-9-at-extensionRequest, 1.2.840.113549.1.9.14 */
const EXTENSION_REQUEST = '2a864886f70d01090e';

/** A PKCS #10 request (RFC 2986), PEM, signed with the key it is for. */
export async function createRequest(wanted: {
  readonly privateKeyPem: string;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}): Promise<string> {
  const key = readPrivateKey(wanted.privateKeyPem);
  const { dnsNames, ipAddresses } = wanted;
  const noNames = dnsNames.length + ipAddresses.length === 0;
  const extensions = encodeSequence(...(noNames ? [] : [encodeAlternativeNames(dnsNames, ipAddresses)]));
  const attribute = encodeSequence(encodeOid(EXTENSION_REQUEST), encode(TAG.set, extensions));
  const body = encodeSequence(
    encodeInteger('00'),
    encodeCommonName(wanted.commonName),
    publicKeySpki(wanted.privateKeyPem),
    encode(0xa0, ...(noNames ? [] : [attribute])),
  );
  return writePem('CERTIFICATE REQUEST', signStructure(body, key));
}

/**
 * Reads a request of at most 16 KiB and checks its signature (proof that the sender holds the key) and its
 * algorithm: P-256, P-384, Ed25519 or RSA from 2048 bits. Throws PKI_REQUEST_REJECTED for everything else.
 */
export async function parseRequest(pem: string): Promise<RequestFacts> {
  try {
    return readRequest(pem);
  } catch (cause) {
    if (isPatchError(cause, 'PKI_REQUEST_REJECTED')) throw cause;
    const detail = isPatchError(cause) ? cause.details.reason : undefined;
    const reason = typeof detail === 'string' ? detail : 'it is not a PKCS #10 structure';
    throw rejected(`cannot be read: ${reason}`, cause);
  }
}

function readRequest(pem: string): RequestFacts {
  const [block, ...more] = readPem(pem, 'certificate request', LIMIT_BYTES);
  if (!block || more.length > 0 || !/^(NEW )?CERTIFICATE REQUEST$/.test(block.label)) {
    throw rejected('must be exactly one "CERTIFICATE REQUEST" block in PEM');
  }
  const signed = readSigned(block.der);
  const [, subject, spki, attributes] = derChildren(signed.body);
  const spkiDer = expectTag(spki, TAG.sequence).encoded;
  const key = readPublicKey(spkiDer);
  if (!isAllowedKey(key)) {
    throw rejected(
      `asks for a ${keyAlgorithm(key)} key; allowed are EC P-256, EC P-384, Ed25519 and RSA from 2048 bits`,
    );
  }
  if (!isSignedBy(signed, key)) {
    throw rejected('is not signed with the key it asks a certificate for (or not with a SHA-2 signature)');
  }
  return {
    spki: spkiDer,
    spkiSha256: spkiSha256(spkiDer),
    keyId: keyId(spkiDer),
    commonName: readName(expectTag(subject, TAG.sequence)).commonName,
    ...readAlternativeNames(requestedExtensions(attributes)),
  };
}

function requestedExtensions(attributes: DerValue | undefined): Extensions {
  if (attributes === undefined) return new Map();
  const wanted = derChildren(attributes, 0xa0)
    .map((attribute) => derChildren(attribute))
    .find(([type]) => derOid(type) === EXTENSION_REQUEST);
  return readExtensions(wanted && derChildren(wanted[1], TAG.set)[0]);
}

function rejected(problem: string, cause?: unknown): PatchError {
  return new PatchError('PKI_REQUEST_REJECTED', `The certificate request ${problem}.`, { cause });
}
