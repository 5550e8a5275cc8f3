import { createCleartextMessage, createMessage, generateKey, sign } from 'openpgp';

/** A repository's signing key. Signatures bear the time given, not that of the clock. */
export interface SigningKey {
  /** Binary public key, as `Signed-By` wants it. */
  readonly publicKeyring: Uint8Array;
  /** `InRelease`: the text with an inline signature. */
  clearSign(text: string, date: Date): Promise<string>;
  /** `Release.gpg`: a detached signature. */
  detachedSign(text: string, date: Date): Promise<string>;
}

/**
 * Makes a key that the machine's gpgv accepts; `date` is its creation time. The older form of Ed25519 keys is the one
 * that GnuPG 2.2 knows (draft-koch-eddsa-for-openpgp).
 */
export async function createSigningKey(date: Date): Promise<SigningKey> {
  const { privateKey: signingKeys } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'Lab', email: 'lab@example.test' }],
    date,
    format: 'object',
  });
  return {
    publicKeyring: signingKeys.toPublic().write(),
    async clearSign(text, at) {
      return sign({ message: await createCleartextMessage({ text }), signingKeys, date: at });
    },
    async detachedSign(text, at) {
      const message = await createMessage({ text });
      return sign({ message, signingKeys, detached: true, format: 'armored', date: at });
    },
  };
}
