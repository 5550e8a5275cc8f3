import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { NewPasskey, PasskeyProof } from '@linux-patch/contract';
import { type AuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts';
import { readCbor } from './cbor.ts';
import { type Asked, requireAsked } from './client-data.ts';
import { publicKeyOf } from './cose-key.ts';
import { PasskeyFault } from './passkey-fault.ts';
import { type RelyingParty, rpIdHashOf } from './relying-party.ts';

/** Bytes of a credential's id (WebAuthn §4). */
const MAX_ID_BYTES = 1_023;

/** Reads what has no way to be wrong in an honest browser. @throws PasskeyFault */
function read<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new PasskeyFault('What the browser sent is no passkey that this manager can read.', {
      cause: error,
    });
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

/** Ours, and by somebody whom the authenticator knows: only so a passkey is two factors in one. @throws PasskeyFault */
function requireOwner({ rpIdHash, isPresent, isVerified }: AuthenticatorData, party: RelyingParty): void {
  if (!rpIdHashOf(party).equals(rpIdHash)) throw new PasskeyFault('This passkey is of another site.');
  if (isPresent && isVerified) return;
  throw new PasskeyFault(
    'The authenticator did not ask for a PIN, a finger or a face, so it does not know who uses it. Set one of them up on it, or take another one.',
  );
}

/** What is kept of a passkey. */
export interface PasskeyKey {
  /** As its authenticator calls it, base64url. */
  readonly credentialId: string;
  /** SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string;
  readonly counter: number;
}

/**
 * Reads a passkey that a browser made (WebAuthn §7.1). Which model of authenticator made it is not asked for, so what attests
 * that is not looked at.
 * @throws PasskeyFault
 */
export function verifyNew(
  { client_data, attestation }: Pick<NewPasskey, 'client_data' | 'attestation'>,
  asked: Asked,
): PasskeyKey & { readonly challenge: string } {
  const challenge = requireAsked(bytesOf(client_data), 'webauthn.create', asked);
  const data = read(() => {
    const bytes = bytesOf(attestation);
    const { value, end } = readCbor(bytes);
    const signed = value instanceof Map && end === bytes.length ? value.get('authData') : undefined;
    if (!(signed instanceof Uint8Array)) throw new Error('there is no authenticator data');
    return parseAuthenticatorData(signed);
  });
  requireOwner(data, asked.party);
  const { made, counter } = data;
  return read(() => {
    if (!made || made.id.length === 0 || made.id.length > MAX_ID_BYTES)
      throw new Error('no passkey was made');
    const spki = publicKeyOf(made.publicKey).export({ format: 'der', type: 'spki' });
    const credentialId = Buffer.from(made.id).toString('base64url');
    return { credentialId, publicKey: spki.toString('base64url'), counter, challenge };
  });
}

/** ES256 and RS256 sign a hash, Ed25519 the whole. */
function hashFor({ asymmetricKeyType }: KeyObject): 'sha256' | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

/**
 * Whether this is signed by the passkey of this key (WebAuthn §7.2); what remains is to compare the counter, and to take the
 * challenge out of use.
 * @throws PasskeyFault
 */
export function verifyProof(
  proof: PasskeyProof,
  publicKey: string,
  asked: Asked,
): { readonly counter: number; readonly challenge: string } {
  const clientData = bytesOf(proof.client_data);
  const challenge = requireAsked(clientData, 'webauthn.get', asked);
  const signed = bytesOf(proof.authenticator_data);
  const data = read(() => parseAuthenticatorData(signed));
  requireOwner(data, asked.party);
  const isSigned = read(() => {
    const key = createPublicKey({ key: bytesOf(publicKey), format: 'der', type: 'spki' });
    const message = Buffer.concat([signed, createHash('sha256').update(clientData).digest()]);
    return verify(hashFor(key), message, key, bytesOf(proof.signature));
  });
  if (!isSigned) throw new PasskeyFault('The signature is not by this passkey.');
  return { counter: data.counter, challenge };
}
