import { z } from 'zod';
import { IdempotencyKey } from './agent-api/job-headers.ts';
import { lazily } from './lazily.ts';

/** A public Ed25519 key (RFC 8032 §5.1.5), 32 bytes. */
const JobPublicKey = z
  .string()
  .max(43)
  .regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/, 'a job key has 32 bytes in base64url');
/** Of an Ed25519 key, 64 bytes. */
const JobKeySignature = z
  .string()
  .max(86)
  .regex(/^[\w-]{86}$/, 'a signature has 64 bytes in base64url');
/** By the key of a CA, which may be of another kind. */
const AuthoritySignature = z
  .string()
  .max(1_400)
  .regex(/^[\w-]{80,}$/);
const Sha256 = z
  .string()
  .max(43)
  .regex(/^[\w-]{43}$/);

/** The name of a job key for people: SHA-256 of its SubjectPublicKeyInfo, base64url. */
export const JobKeyFingerprint = z
  .string()
  .max(50)
  .regex(/^SHA256:[\w-]{43}$/, 'the fingerprint of a job key is SHA256: and 43 letters, digits, - and _');

/** How many changes of its job key a manager tells of: a host that missed more has to be told by root. */
export const MAX_JOB_KEY_CHANGES = 16;

/** With which key a manager signs changes, and why a host may believe that. */
export const JobKeyOffer = lazily(() =>
  z.object({
    key: JobPublicKey,
    vouchers: z
      .array(z.object({ ca: Sha256, signature: AuthoritySignature }))
      .min(1)
      .max(8)
      .meta({ description: 'Signatures over the key by root CAs, which `ca` names by their keys.' }),
    changes: z
      .array(z.object({ from: JobPublicKey, to: JobPublicKey, signature: JobKeySignature }))
      .max(MAX_JOB_KEY_CHANGES)
      .meta({ description: 'Changes of the key, the oldest first; each is signed by the key before it.' }),
  }),
);
export type JobKeyOffer = z.infer<typeof JobKeyOffer>;

/** Why a host takes changes from a job key; `root` is somebody who is root there. */
export const JOB_KEY_WAYS = ['join', 'first_sight', 'root'] as const;
export type JobKeyWay = (typeof JOB_KEY_WAYS)[number];

/** What a host says about the job key that it pins. */
export const HostJobKey = lazily(() =>
  z.object({
    pinned: JobKeyFingerprint.nullable().meta({
      description: 'The only key whose changes it does; null while it takes unsigned ones.',
    }),
    by: z.enum(JOB_KEY_WAYS).nullable().meta({
      description:
        '`join`: certified by the CA that a join string pins. `first_sight`: its manager was the first to offer it. `root`: root of the host said so; also that none is pinned.',
    }),
    foreign: JobKeyFingerprint.nullable().meta({
      description: 'What its manager offers instead, and nothing but the word of root makes it take.',
    }),
  }),
);
export type HostJobKey = z.infer<typeof HostJobKey>;

/** What a signature is over, beside the body: JSON of exactly these members. */
export const SignedJob = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    key: JobPublicKey,
    host: z.string().min(1).max(253),
    instance: z.uuid(),
    op: z.string().min(1).max(8_192).meta({ description: 'Method, path and query.' }),
    idem: IdempotencyKey,
    challenge: z
      .string()
      .max(22)
      .regex(/^[\w-]{22}$/),
  }),
);
export type SignedJob = z.infer<typeof SignedJob>;
