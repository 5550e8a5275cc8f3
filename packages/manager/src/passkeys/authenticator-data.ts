import { type CborMap, readCbor } from './cbor.ts';

/** What an authenticator signs of itself (WebAuthn §6.1). */
export interface AuthenticatorData {
  readonly rpIdHash: Uint8Array;
  /** Somebody touched it. */
  readonly isPresent: boolean;
  /** It knows that it was its owner, by a PIN or a finger. */
  readonly isVerified: boolean;
  /** How often the passkey was used; 0 where nobody counts. */
  readonly counter: number;
  /** Of a new passkey. */
  readonly made: { readonly id: Uint8Array; readonly publicKey: CborMap } | undefined;
}

const FIXED_BYTES = 37;
const AAGUID_BYTES = 16;
const FLAG = { present: 0x01, verified: 0x04, attested: 0x40, extensions: 0x80 } as const;

function readMap(bytes: Uint8Array, at: number): { readonly map: CborMap; readonly end: number } {
  const { value, end } = readCbor(bytes, at);
  if (!(value instanceof Map)) throw new Error('the authenticator data has no map where one must be');
  return { map: value, end };
}

/** @throws Error when it is none, or more than that */
export function parseAuthenticatorData(bytes: Uint8Array): AuthenticatorData {
  if (bytes.length < FIXED_BYTES) throw new Error('the authenticator data is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(32);
  let end = FIXED_BYTES;
  let made: AuthenticatorData['made'];
  if (flags & FLAG.attested) {
    const idAt = end + AAGUID_BYTES + 2;
    if (bytes.length < idAt) throw new Error('the authenticator data is too short');
    const keyAt = idAt + view.getUint16(end + AAGUID_BYTES);
    const key = readMap(bytes, keyAt);
    made = { id: bytes.subarray(idAt, keyAt), publicKey: key.map };
    end = key.end;
  }
  if (flags & FLAG.extensions) ({ end } = readMap(bytes, end));
  if (end !== bytes.length) throw new Error('the authenticator data has more than it says');
  return {
    rpIdHash: bytes.subarray(0, 32),
    isPresent: (flags & FLAG.present) !== 0,
    isVerified: (flags & FLAG.verified) !== 0,
    counter: view.getUint32(33),
    made,
  };
}
