import { systemRandom } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { describe, expect, it } from 'vitest';
import { createChallenges } from '../src/passkeys/challenges.ts';
import { relyingPartyOf } from '../src/passkeys/relying-party.ts';
import { verifyNew, verifyProof } from '../src/passkeys/verify.ts';
import {
  ALGORITHMS,
  type Algorithm,
  cbor,
  type Signing,
  softwareAuthenticator,
} from './software-authenticator.ts';

const party = relyingPartyOf('https://manager.example.test:8443');
const challenges = createChallenges({ clock: new ManualClock(0), random: systemRandom });
const PURPOSE = 'sign-in';
const asked = { party, challenges, purpose: PURPOSE } as const;
const honest = (): Signing => ({ challenge: challenges.make(PURPOSE), origin: party.origin, rpId: party.id });

const ours = (work: () => unknown): boolean => {
  try {
    work();
    return true;
  } catch {
    return false;
  }
};
const theirs = (work: Promise<{ readonly verified: boolean }>): Promise<boolean> =>
  work.then(
    ({ verified }) => verified,
    () => false,
  );

const expected = (challenge: string) => ({
  expectedChallenge: challenge,
  expectedOrigin: party.origin,
  expectedRPID: party.id,
});

type Made = ReturnType<ReturnType<typeof softwareAuthenticator>['create']>;
function registration(credential: string, { client_data, attestation }: Made, challenge: string) {
  return verifyRegistrationResponse({
    response: {
      id: credential,
      rawId: credential,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON: client_data, attestationObject: attestation },
    },
    ...expected(challenge),
  });
}

type Proof = ReturnType<ReturnType<typeof softwareAuthenticator>['get']>;
function authentication(proof: Proof, publicKey: Uint8Array<ArrayBuffer>, challenge: string) {
  return verifyAuthenticationResponse({
    response: {
      id: proof.credential,
      rawId: proof.credential,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: proof.client_data,
        authenticatorData: proof.authenticator_data,
        signature: proof.signature,
        userHandle: proof.user_handle,
      },
    },
    credential: { id: proof.credential, publicKey, counter: 0 },
    ...expected(challenge),
  });
}

/** A passkey that both have taken. */
async function registered(algorithm: Algorithm) {
  const device = softwareAuthenticator('YQ', { algorithm });
  const signing = honest();
  const made = device.create(signing);
  const { registrationInfo } = await registration(device.credential, made, signing.challenge);
  if (!registrationInfo) throw new Error('the oracle refuses a good passkey');
  return { device, own: verifyNew(made, asked), info: registrationInfo };
}

/** A text in base64url with one bit of a byte turned over. */
function flipped(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString('base64url');
}

const OTHERWISE: Readonly<Record<string, (signing: Signing) => Signing>> = {
  'nothing is otherwise': (signing) => signing,
  'it is of another origin': (signing) => ({ ...signing, origin: 'https://manager.example.test' }),
  'it is of another site': (signing) => ({ ...signing, rpId: 'example.test' }),
  'it is of another kind': (signing) => ({ ...signing, type: 'payment.get' }),
  'nobody was present': (signing) => ({ ...signing, flags: 0x04 }),
  'nobody was verified': (signing) => ({ ...signing, flags: 0x01 }),
  'it has extensions': (signing) => ({ ...signing, extensions: cbor(new Map([['credProtect', 2]])) }),
  'it has something after its extensions': (signing) => ({
    ...signing,
    extensions: Buffer.concat([cbor(new Map([['credProtect', 2]])), Buffer.from([0])]),
  }),
  'it has extensions that are none': (signing) => ({ ...signing, extensions: Buffer.from([0xa1, 0x61]) }),
  'it is within a page of another site': (signing) => ({
    ...signing,
    clientData: { crossOrigin: true, topOrigin: 'https://evil.example.test' },
  }),
};

describe.each(ALGORITHMS)('with %s, another implementation of WebAuthn', (algorithm) => {
  it('reads the same passkey', async () => {
    const { own, info } = await registered(algorithm);
    expect(own.credentialId).toBe(info.credential.id);
    expect(own.counter).toBe(info.credential.counter);
  });

  it.each(Object.entries(OTHERWISE))('judges as we do when %s', async (what, change) => {
    const { device, own, info } = await registered(algorithm);
    const signing = change(honest());
    const { challenge } = signing;
    const proof = device.get(signing);
    const verdict = ours(() => verifyProof(proof, own.publicKey, asked));
    expect(verdict).toBe(what === 'nothing is otherwise' || what === 'it has extensions');
    expect(await theirs(authentication(proof, info.credential.publicKey, challenge))).toBe(verdict);
  });

  it('refuses as we do whatever has another bit anywhere', async () => {
    const { device, own, info } = await registered(algorithm);
    const signing = honest();
    const proof = device.get(signing);
    for (const member of ['authenticator_data', 'signature', 'client_data'] as const) {
      const { length } = Buffer.from(proof[member], 'base64url');
      for (let at = 0; at < length; at += 7) {
        const altered = { ...proof, [member]: flipped(proof[member], at) };
        const verdicts = [
          ours(() => verifyProof(altered, own.publicKey, asked)),
          await theirs(authentication(altered, info.credential.publicKey, signing.challenge)),
        ];
        expect([member, at, ...verdicts]).toEqual([member, at, false, false]);
      }
    }
  });
});
