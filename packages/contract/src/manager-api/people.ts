import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { NO_ROLE, RoleForAll } from '../roles.ts';
import { Line } from '../text-bounds.ts';
import { OidcIdentity, OidcSubject } from './oidc.ts';
import { GivenBindings, RoleBindings } from './role-bindings.ts';

/** The name by which a person signs in, and by which records tell who acted. */
export const PersonName = z
  .string()
  .max(64)
  .regex(
    /^[a-z0-9][a-z0-9.@_-]*$/,
    'must be small letters, digits, dots, hyphens, underscores and @, and begin with a letter or digit, for example ada or ada@example.org',
  );

/** Fewer characters can be guessed by who has the database. */
export const MIN_PASSWORD_CHARACTERS = 12;
export const MAX_PASSWORD_CHARACTERS = 256;

/** A password that a person chooses. */
export const NewPassword = z
  .string()
  .min(MIN_PASSWORD_CHARACTERS, `must have at least ${MIN_PASSWORD_CHARACTERS} characters`)
  .max(MAX_PASSWORD_CHARACTERS, `must have at most ${MAX_PASSWORD_CHARACTERS} characters`);

/** A person as an administrator sees them. */
export const Person = lazily(() =>
  z.object({
    name: Line,
    role: Line.meta({
      description:
        'What they may do with all hosts and the manager itself; one that this version does not know, and `none`, may do nothing.',
    }),
    bindings: GivenBindings,
    state: z.enum(['active', 'disabled']),
    created_at: z.iso.datetime(),
    created_by: Line,
    last_sign_in_at: z.iso.datetime().nullable(),
    second_factor: z.boolean().meta({
      description: 'Whether the password alone does not sign in: there is an authenticator, or a passkey.',
    }),
    authenticator: z.boolean().meta({ description: 'Whether a code of an authenticator signs in, too.' }),
    passkeys: z.int().nonnegative().meta({ description: 'How many passkeys sign in.' }),
    oidc: OidcIdentity.nullable().meta({
      description: 'Of somebody who signs in with the identity provider, and has no password; else null.',
    }),
  }),
);
export type Person = z.infer<typeof Person>;

export const PersonList = lazily(() => z.object({ people: z.array(Person).max(10_000), total: z.int() }));

/** Whether it names anything that somebody may do. */
export function hasRights(wish: {
  readonly role: string;
  readonly bindings?: readonly unknown[] | undefined;
}): boolean {
  return wish.role !== NO_ROLE || (wish.bindings ?? []).length > 0;
}

/** What is said of a wish without any. */
export const NO_RIGHTS =
  'names nothing that they may do: the role is none, and there is no role for some hosts';

/** Body of `POST /people`. */
export const CreatePerson = lazily(() =>
  z
    .strictObject({
      name: PersonName,
      role: RoleForAll,
      bindings: RoleBindings.optional(),
      password: NewPassword.optional(),
      oidc_subject: OidcSubject.optional().meta({
        description:
          'They sign in with the identity provider, as whom it calls so; in the place of a password.',
      }),
    })
    .refine(hasRights, NO_RIGHTS)
    .refine(
      ({ password, oidc_subject: subject }) => (password === undefined) !== (subject === undefined),
      'needs either password or oidc_subject',
    ),
);
export type CreatePerson = z.infer<typeof CreatePerson>;

/** Body of `PUT /people/{name}`. */
export const PersonChange = lazily(() =>
  z
    .strictObject({
      role: RoleForAll.optional(),
      bindings: RoleBindings.optional().meta({
        description:
          'All roles for some hosts, in the place of those that they have; without a word these stay.',
      }),
      disabled: z.boolean().optional(),
      oidc_subject: OidcSubject.optional().meta({
        description:
          'From now on they sign in with the identity provider, as whom it calls so; their password, authenticator and passkeys are gone.',
      }),
    })
    .refine((change) => Object.values(change).some((one) => one !== undefined), 'names nothing to change'),
);
export type PersonChange = z.infer<typeof PersonChange>;

/** Body of `POST /me/password`. */
export const OwnPasswordChange = lazily(() =>
  z.strictObject({
    current_password: z.string().max(MAX_PASSWORD_CHARACTERS),
    new_password: NewPassword,
  }),
);
export type OwnPasswordChange = z.infer<typeof OwnPasswordChange>;

/** Body of `POST /people/{name}/reset`. */
export const PersonReset = lazily(() => z.strictObject({ password: NewPassword }));
