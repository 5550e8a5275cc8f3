import type { NewPasskey, OfferedPasskey, PasskeyChallenge, PasskeyProof } from '@linux-patch/contract';
import { CallFailure } from '../api/call-failure.ts';

/** From bytes. Made of the members themselves: what extensions of browsers put in their place often has no `toJSON`. */
function base64url(bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const WHY: Readonly<Record<string, string>> = {
  NotAllowedError:
    'No passkey was used: it was cancelled, it took too long, or there is none of this manager where you looked.',
  InvalidStateError: 'There is a passkey of yours for this manager already, where this one was to be kept.',
  SecurityError: 'The browser has no passkeys for the address at which you opened the page.',
  ConstraintError:
    'What was to keep the passkey cannot: it takes one that is found without a name, and asks for a PIN, a finger or a face.',
  NotSupportedError: 'What was to keep the passkey has no kind of key that the manager takes.',
};

const UNTRUSTED =
  "The browser has no passkeys here, because it does not trust the manager's certificate. Make its CA known to your system or browser, or have the manager's administrator give it a certificate that your browser knows.";

/** What a browser says when it does not, in words that say what it means. */
function failureOf(error: unknown): CallFailure {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  const why = /certificate/i.test(message)
    ? UNTRUSTED
    : (WHY[name] ?? `The browser could not use a passkey: ${message}.`);
  return new CallFailure({ code: 'NO_PASSKEY', message: `${why} Nothing was done.` });
}

async function ask<T extends AuthenticatorResponse>(credential: Promise<Credential | null>) {
  const made = (await credential.catch((error: unknown) => {
    throw failureOf(error);
  })) as PublicKeyCredential | null;
  if (!made) throw failureOf(new DOMException('nothing was chosen', 'NotAllowedError'));
  return { id: made.id, response: made.response as T };
}

/** Lets the browser make a passkey. @throws CallFailure */
export async function makePasskey({ creation }: OfferedPasskey): Promise<Omit<NewPasskey, 'name'>> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(creation);
  const { response } = await ask<AuthenticatorAttestationResponse>(
    navigator.credentials.create({ publicKey }),
  );
  return {
    client_data: base64url(response.clientDataJSON),
    attestation: base64url(response.attestationObject),
  };
}

/** Lets somebody choose a passkey, and show that it is them. @throws CallFailure */
export async function showPasskey({ request, unusable }: PasskeyChallenge): Promise<PasskeyProof> {
  if (!request)
    throw new CallFailure({ code: 'NO_PASSKEY', message: unusable ?? 'There are no passkeys here.' });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(request);
  const { id, response } = await ask<AuthenticatorAssertionResponse>(
    navigator.credentials.get({ publicKey }),
  );
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  return {
    credential: id,
    client_data: base64url(clientDataJSON),
    authenticator_data: base64url(authenticatorData),
    signature: base64url(signature),
    user_handle: userHandle ? base64url(userHandle) : null,
  };
}
