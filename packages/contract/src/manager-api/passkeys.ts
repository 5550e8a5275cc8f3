import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line, OneLine } from '../text-bounds.ts';

/** Passkeys that a person may have. */
export const MAX_PASSKEYS = 20;

/** Bytes as browsers write them in JSON. */
function Base64Url(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\w-]+$/, 'must be base64url without padding');
}

/** The id that an authenticator gave a passkey: at most 1,023 bytes (WebAuthn, section 4). */
const credentialId = () => Base64Url(1_364);
/** JSON that the browser signs: what it was asked for, and by which page. */
const clientData = () => Base64Url(4_096);

/** A passkey as its person sees it. */
export const Passkey = lazily(() =>
  z.object({
    id: Line,
    name: Line,
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
  }),
);
export type Passkey = z.infer<typeof Passkey>;

/** Where passkeys of this manager can be used. */
const place = () => ({
  origin: Line.meta({
    description: 'The address of the page for which passkeys are made and used: that of `server.url`.',
  }),
  unusable: Line.nullable().meta({
    description: 'Why this manager can have none, when its address is an IP address; else null.',
  }),
});

export const PasskeyList = lazily(() =>
  z.object({ ...place(), passkeys: z.array(Passkey).max(1_000), total: z.int() }),
);
export type PasskeyList = z.infer<typeof PasskeyList>;

const credentialReference = () => z.object({ type: z.literal('public-key'), id: Line });

/** What a browser is asked when somebody shows a passkey, as `PublicKeyCredential.parseRequestOptionsFromJSON` takes it. */
const passkeyRequest = () =>
  z.object({
    challenge: Line.meta({ description: 'Counts once, and for five minutes.' }),
    rpId: Line,
    timeout: z.int(),
    userVerification: z.literal('required'),
    allowCredentials: z.array(credentialReference()).max(1_000),
  });

export const PasskeyChallenge = lazily(() =>
  z.object({
    ...place(),
    request: passkeyRequest().nullable().meta({
      description:
        'What a browser is asked: the `publicKey` of `navigator.credentials.get`, as `PublicKeyCredential.parseRequestOptionsFromJSON` takes it; null where `unusable` says why.',
    }),
  }),
);
export type PasskeyChallenge = z.infer<typeof PasskeyChallenge>;

/** What a browser is asked for a new passkey, as `PublicKeyCredential.parseCreationOptionsFromJSON` takes it. */
const passkeyCreation = () =>
  z.object({
    rp: z.object({ id: Line, name: Line }),
    user: z.object({ id: Line, name: Line, displayName: Line }),
    challenge: Line.meta({ description: 'Counts once, and for five minutes.' }),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })).max(16),
    timeout: z.int(),
    excludeCredentials: z.array(credentialReference()).max(1_000),
    authenticatorSelection: z.object({
      residentKey: z.literal('required'),
      requireResidentKey: z.literal(true),
      userVerification: z.literal('required'),
    }),
    attestation: z.literal('none'),
  });

export const OfferedPasskey = lazily(() =>
  z.object({
    creation: passkeyCreation().meta({
      description:
        'What a browser is asked: the `publicKey` of `navigator.credentials.create`, as `PublicKeyCredential.parseCreationOptionsFromJSON` takes it.',
    }),
  }),
);
export type OfferedPasskey = z.infer<typeof OfferedPasskey>;

/** Body of `POST /me/passkeys`: what the browser answered, of `PublicKeyCredential.toJSON()`. */
export const NewPasskey = lazily(() =>
  z.strictObject({
    name: OneLine(64),
    client_data: clientData().meta({ description: '`response.clientDataJSON`' }),
    attestation: Base64Url(16_384).meta({
      description: '`response.attestationObject`; of its statement nothing is believed.',
    }),
  }),
);
export type NewPasskey = z.infer<typeof NewPasskey>;

export const AddedPasskey = lazily(() =>
  z.object({
    passkey: Passkey,
    recovery_codes: z.array(z.string()).meta({
      description:
        'Each signs in once, with the password and without a passkey; they cannot be shown again. Empty where the person has some already.',
    }),
  }),
);

/** What a browser answered to a challenge, of `PublicKeyCredential.toJSON()`. */
export const PasskeyProof = lazily(() =>
  z.strictObject({
    credential: credentialId().meta({ description: '`id`' }),
    client_data: clientData().meta({ description: '`response.clientDataJSON`' }),
    authenticator_data: Base64Url(2_048).meta({ description: '`response.authenticatorData`' }),
    signature: Base64Url(2_048).meta({ description: '`response.signature`' }),
    user_handle: Base64Url(88)
      .nullable()
      .optional()
      .meta({ description: '`response.userHandle`; signing in takes it.' }),
  }),
);
export type PasskeyProof = z.infer<typeof PasskeyProof>;
