import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What is written as CBOR here: what an authenticator needs (RFC 8949). */
type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 256) return Buffer.from([(major << 5) | 24, argument]);
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 255]);
}

export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map)
    return Buffer.concat([
      head(5, value.size),
      ...[...value].flatMap(([key, one]) => [cbor(key), cbor(one)]),
    ]);
  const items = value as readonly Cbor[];
  return Buffer.concat([head(4, items.length), ...items.map(cbor)]);
}

export const ALGORITHMS = ['ES256', 'Ed25519', 'RS256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

function makePair(algorithm: Algorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'Ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** RFC 9052 §7. */
function coseKey(publicKey: KeyObject, algorithm: Algorithm): Buffer {
  const key = publicKey.export({ format: 'jwk' });
  const bytes = (text: unknown) => Buffer.from(String(text), 'base64url');
  const members: Readonly<Record<Algorithm, readonly (readonly [number, Cbor])[]>> = {
    ES256: [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(key.x)],
      [-3, bytes(key.y)],
    ],
    Ed25519: [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(key.x)],
    ],
    RS256: [
      [1, 3],
      [3, -257],
      [-1, bytes(key.n)],
      [-2, bytes(key.e)],
    ],
  };
  return cbor(new Map(members[algorithm]));
}

/** What may be otherwise than an honest browser and authenticator have it. */
export interface Signing {
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
  readonly type?: string;
  readonly clientData?: object;
  /** Present 0x01, verified 0x04. */
  readonly flags?: number;
  /** Without it the authenticator counts one further. */
  readonly counter?: number;
  /** Signed with the rest. */
  readonly extensions?: Buffer;
}

const PRESENT_AND_VERIFIED = 0x05;
const ATTESTED = 0x40;
const EXTENSIONS = 0x80;

function clientDataOf(type: string, { challenge, origin, type: other = type, clientData }: Signing): Buffer {
  return Buffer.from(JSON.stringify({ type: other, challenge, origin, crossOrigin: false, ...clientData }));
}

/** An authenticator with one passkey, and the browser before it. */
export interface SoftwareAuthenticator {
  readonly credential: string;
  readonly counter: number;
  /** `client_data` and `attestation` of a new passkey. */
  create(signing: Signing): { readonly client_data: string; readonly attestation: string };
  /** Signs a challenge. */
  get(signing: Signing): {
    readonly credential: string;
    readonly client_data: string;
    readonly authenticator_data: string;
    readonly signature: string;
    readonly user_handle: string;
  };
  /** The same once more, as it is now: with its key and its counter. */
  copy(): SoftwareAuthenticator;
}

type Key = { readonly algorithm: Algorithm; readonly id: Buffer } & ReturnType<typeof makePair>;

function open(key: Key, userHandle: string, begin: number, counts: boolean): SoftwareAuthenticator {
  let counter = begin;
  const signedBytes = (
    { rpId, flags = PRESENT_AND_VERIFIED, counter: said, extensions }: Signing,
    made?: Buffer,
  ) => {
    if (said === undefined && counts) counter += 1;
    const fixed = Buffer.alloc(37);
    createHash('sha256').update(rpId).digest().copy(fixed);
    fixed[32] = flags | (made ? ATTESTED : 0) | (extensions ? EXTENSIONS : 0);
    fixed.writeUInt32BE(said ?? counter, 33);
    return Buffer.concat([fixed, made ?? Buffer.alloc(0), extensions ?? Buffer.alloc(0)]);
  };
  const text = (bytes: Buffer) => bytes.toString('base64url');
  return {
    credential: text(key.id),
    get counter() {
      return counter;
    },
    create(signing) {
      const length = Buffer.from([key.id.length >> 8, key.id.length & 255]);
      const made = Buffer.concat([Buffer.alloc(16), length, key.id, coseKey(key.publicKey, key.algorithm)]);
      const attestation = new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', signedBytes(signing, made)],
      ]);
      return {
        client_data: text(clientDataOf('webauthn.create', signing)),
        attestation: text(cbor(attestation)),
      };
    },
    get(signing) {
      const clientData = clientDataOf('webauthn.get', signing);
      const signed = signedBytes(signing);
      const message = Buffer.concat([signed, createHash('sha256').update(clientData).digest()]);
      const hash = key.algorithm === 'Ed25519' ? null : 'sha256';
      return {
        credential: text(key.id),
        client_data: text(clientData),
        authenticator_data: text(signed),
        signature: text(sign(hash, message, key.privateKey)),
        user_handle: userHandle,
      };
    },
    copy: () => open(key, userHandle, counter, counts),
  };
}

/** @param userHandle of whom it is, base64url */
export function softwareAuthenticator(
  userHandle: string,
  { algorithm = 'ES256', counts = true }: { readonly algorithm?: Algorithm; readonly counts?: boolean } = {},
): SoftwareAuthenticator {
  return open({ algorithm, id: randomBytes(32), ...makePair(algorithm) }, userHandle, 0, counts);
}
