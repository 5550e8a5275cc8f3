import { type KeyObject, type webcrypto as WebCrypto, webcrypto } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import type * as LibraryModule from '@peculiar/x509';
import { keyAlgorithm, readPrivateKey } from './keys.ts';

/** The library as a module. */
export type Library = typeof LibraryModule;

/** A private key as the library signs with it. */
export interface SigningKey {
  readonly privateKey: WebCrypto.CryptoKey;
  readonly algorithm: { readonly name: string; readonly hash?: string };
}

/**
 * The certificate writer, loaded when one is first issued: it costs about 25 MB, and an agent, which only asks for
 * certificates and checks them, never needs it.
 */
export function x509Library(): Promise<Library> {
  loading ??= load();
  return loading;
}

let loading: Promise<Library> | undefined;

async function load(): Promise<Library> {
  provideReflectMetadata();
  const library: Library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as unknown as Crypto);
  return library;
}

/** The key with the signature algorithm that belongs to it. Throws CERT_UNSUITABLE for a key without one. */
export function signingKey(privateKeyPem: string): SigningKey {
  const key = readPrivateKey(privateKeyPem);
  const { hash, ...algorithm } = signatureAlgorithm(key);
  const imported = hash === undefined || algorithm.namedCurve ? algorithm : { ...algorithm, hash };
  return {
    privateKey: key.toCryptoKey(imported, false, ['sign']),
    algorithm: hash === undefined ? { name: algorithm.name } : { name: algorithm.name, hash },
  };
}

function signatureAlgorithm(key: KeyObject): { name: string; namedCurve?: string; hash?: string } {
  switch (keyAlgorithm(key)) {
    case 'EC P-256':
      return { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    case 'EC P-384':
      return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
    case 'Ed25519':
      return { name: 'Ed25519' };
    default:
      if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
      throw new PatchError(
        'CERT_UNSUITABLE',
        `A ${keyAlgorithm(key)} key cannot sign certificates or requests.`,
      );
  }
}

type ReflectWithMetadata = Pick<typeof Reflect, 'ownKeys'> & {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
};

/**
 * The library's dependency injection (tsyringe) refuses to load without the metadata functions of `Reflect`. Its
 * classes take no injected parameters, so a plain store is all that it needs.
 */
function provideReflectMetadata(): void {
  const reflect: ReflectWithMetadata = Reflect;
  if (reflect.getMetadata) return;
  const store = new WeakMap<object, Map<unknown, unknown>>();
  reflect.getMetadata = reflect.getOwnMetadata = (key, target) => store.get(target)?.get(key);
  reflect.defineMetadata = (key, value, target) => {
    const entries = store.get(target) ?? new Map<unknown, unknown>();
    store.set(target, entries.set(key, value));
  };
}
