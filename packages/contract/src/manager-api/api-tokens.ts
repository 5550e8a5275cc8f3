import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { GUARDED_PERMISSIONS } from '../permissions.ts';
import { RoleForAll } from '../roles.ts';
import { hasRights, NO_RIGHTS } from './people.ts';
import { GivenBindings, RoleBindings } from './role-bindings.ts';

export const API_TOKEN_STATES = ['active', 'expired', 'revoked'] as const;

/** Longest life of an API token. */
export const MAX_API_TOKEN_DAYS = 365;
export const DEFAULT_API_TOKEN_DAYS = 90;

/** The name of an API token, by which records tell who called. */
export const ApiTokenName = z
  .string()
  .max(64)
  .regex(
    /^[a-z0-9][a-z0-9.-]*$/,
    'must be small letters, digits, dots and hyphens, and begin with a letter or digit, for example prometheus-2027',
  );

/** What a token may do only where it says so by name. */
export const GuardedName = z.enum(GUARDED_PERMISSIONS);

/** An API token as an administrator sees it; never with its secret, which nobody but its holder has. */
export const ApiToken = lazily(() =>
  z.object({
    name: z.string(),
    role: z.string().meta({
      description:
        'What it may do with all hosts and the manager itself; one that this version does not know, and `none`, may do nothing.',
    }),
    bindings: GivenBindings,
    allowed: z.array(GuardedName).meta({
      description:
        'Of what lets somebody in, what it may do; without them a role of a program has none of it.',
    }),
    state: z.enum(API_TOKEN_STATES),
    created_at: z.iso.datetime(),
    created_by: z.string(),
    expires_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().nullable(),
    last_used_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'To the minute; null when it was never used.' }),
    last_used_from: z.string().nullable().meta({ description: 'The address of that call.' }),
  }),
);
export type ApiToken = z.infer<typeof ApiToken>;

export const ApiTokenList = z.object({ api_tokens: z.array(ApiToken), total: z.int() });

/** Body of `POST /api-tokens`. */
export const CreateApiToken = lazily(() =>
  z
    .strictObject({
      name: ApiTokenName,
      role: RoleForAll,
      bindings: RoleBindings.optional(),
      allow: z.array(GuardedName).max(GUARDED_PERMISSIONS.length).optional().meta({
        description:
          'What lets somebody in, and the role may do: letting hosts join, making join tokens, people, API tokens.',
      }),
      expires_days: z.int().min(1).max(MAX_API_TOKEN_DAYS).optional(),
    })
    .refine(hasRights, NO_RIGHTS),
);
export type CreateApiToken = z.infer<typeof CreateApiToken>;

/** The one time that an API token is shown. */
export const CreatedApiToken = z.object({
  secret: z.string().meta({
    description: 'What its holder sends as `Authorization: Bearer`; it cannot be shown again.',
  }),
  api_token: ApiToken,
});
export type CreatedApiToken = z.infer<typeof CreatedApiToken>;
