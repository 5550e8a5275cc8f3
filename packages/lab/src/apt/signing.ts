import {
  createCleartextMessage,
  createMessage,
  decryptKey,
  generateKey,
  type PrivateKey,
  readPrivateKey,
  sign,
} from 'openpgp';

/** A repository's signing key. */
export interface SigningKey {
  /** Binary public key, as `Signed-By` wants it. */
  readonly publicKeyring: Uint8Array;
  /** `InRelease`: the text with an inline signature. */
  clearSign(text: string): Promise<string>;
  /** `Release.gpg`: a detached signature. */
  detachedSign(text: string): Promise<string>;
}

async function makePrivateKey(date: Date): Promise<PrivateKey> {
  const made = await generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: [{ name: 'Lab', email: 'lab@example.test' }],
    date,
    format: 'armored',
  });
  return readPrivateKey({ armoredKey: made.privateKey });
}

/** Makes a key that the machine's gpgv accepts; `date` is its creation time. */
export async function createSigningKey(date: Date): Promise<SigningKey> {
  const key = await makePrivateKey(date);
  const signingKeys = key.isDecrypted() ? key : await decryptKey({ privateKey: key, passphrase: '' });
  return {
    publicKeyring: key.toPublic().write(),
    async clearSign(text) {
      const message = await createCleartextMessage({ text });
      return sign({ message, signingKeys, date: new Date() });
    },
    async detachedSign(text) {
      const message = await createMessage({ text });
      return (await sign({ message, signingKeys, detached: true, date: new Date() })) as string;
    },
  };
}
