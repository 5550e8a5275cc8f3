import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line } from '../text-bounds.ts';
import { OidcAnswer } from './oidc.ts';
import { PasskeyProof } from './passkeys.ts';
import { MAX_PASSWORD_CHARACTERS, NewPassword, Person, PersonName } from './people.ts';

/**
 * A browser sends this header only for a page of the same site, or after it was asked; every change that a signed-in
 * person asks for carries it, with any value.
 */
export const REQUEST_HEADER = 'Linux-Patch-Request';

/** Where somebody is signed in. */
export const Session = lazily(() =>
  z.object({
    id: Line,
    created_at: z.iso.datetime(),
    seen_at: z.iso.datetime().meta({ description: 'To the minute.' }),
    ends_at: z.iso.datetime().meta({ description: 'When it ends unless it is used before.' }),
    address: Line.meta({ description: 'From where it was used last.' }),
    client: Line.meta({ description: 'What the browser says it is.' }),
    current: z.boolean().meta({ description: 'Whether this is the session that asks.' }),
  }),
);
export type Session = z.infer<typeof Session>;

export const SessionList = lazily(() => z.object({ sessions: z.array(Session).max(1_000), total: z.int() }));

/** Body of `POST /session`. */
export const SignIn = lazily(() =>
  z.strictObject({
    name: z.string().max(64),
    password: z.string().max(MAX_PASSWORD_CHARACTERS),
    code: z.string().max(64).optional().meta({
      description:
        'Of the authenticator, or a recovery code; for people who have an authenticator or a passkey.',
    }),
  }),
);
export type SignIn = z.infer<typeof SignIn>;

/** Body of `POST /setup`. */
export const SetUp = lazily(() =>
  z.strictObject({
    secret: z
      .string()
      .max(128)
      .meta({ description: 'What is behind the # of the link that `init` printed.' }),
    name: PersonName,
    password: NewPassword,
  }),
);
export type SetUp = z.infer<typeof SetUp>;

/** Who is signed in, and what they may do. */
export const OwnSession = lazily(() =>
  z.object({
    person: Person,
    permissions: z
      .array(Line)
      .max(1_000)
      .meta({ description: 'What they may do with all hosts and the manager itself.' }),
    bound: z
      .array(z.object({ on: Line, permissions: z.array(Line).max(1_000) }))
      .max(1_000)
      .meta({
        description:
          'What else they may do with the hosts of a group (`@group:NAME`) or with a label (`@KEY=VALUE`).',
      }),
    session: Session,
    proven_until: z.iso
      .datetime()
      .meta({ description: 'Until then, what takes a proof that it is them takes none anew.' }),
  }),
);
export type OwnSession = z.infer<typeof OwnSession>;

/** Body of `POST /session/step-up`: a passkey or a code for people who have one of them, the password for others, and what their provider answered for its people. */
export const StepUp = lazily(() =>
  z.strictObject({
    password: z.string().max(MAX_PASSWORD_CHARACTERS).optional(),
    code: z.string().max(64).optional(),
    passkey: PasskeyProof.optional(),
    oidc: OidcAnswer.optional().meta({
      description: 'The whole query with which the provider sent the browser back.',
    }),
  }),
);
export type StepUp = z.infer<typeof StepUp>;

/** A key for an authenticator, which does not count yet. */
export const OfferedAuthenticator = lazily(() =>
  z.object({
    secret: z.string().meta({ description: 'Base32, for typing.' }),
    uri: z.string().meta({ description: 'What an authenticator reads from a picture.' }),
  }),
);

/** Body of `POST /me/authenticator/confirm`. */
export const ConfirmAuthenticator = lazily(() => z.strictObject({ code: z.string().max(64) }));

export const RecoveryCodes = lazily(() =>
  z.object({
    recovery_codes: z
      .array(z.string())
      .meta({ description: 'Each signs in once without the authenticator; they cannot be shown again.' }),
  }),
);

/** Body of requests that end sessions. */
export const EndSessions = lazily(() =>
  z.strictObject({
    session: z
      .string()
      .max(64)
      .optional()
      .meta({ description: 'Which one; without it all, the one that asks excepted.' }),
  }),
);
export type EndSessions = z.infer<typeof EndSessions>;

export const SessionsEnded = z.object({ ended: z.int().nonnegative() });
