import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { RoleName } from '../roles.ts';
import { Line } from '../text-bounds.ts';

/** How many roles for some hosts a person or an API token has at most. */
export const MAX_ROLE_BINDINGS = 50;

const VALUE = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const KEY = '[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?';

/** The hosts that a role is for, in the words of selections: a group or a label, which only people and join tokens set. */
export const BoundHosts = z
  .string()
  .max(128)
  .regex(
    new RegExp(`^@(?:group:${VALUE}|${KEY}=${VALUE})$`),
    'must be @group:NAME or @KEY=VALUE, for example @group:web or @env=test; what hosts say of themselves gives nobody a role',
  );

/** A role for some hosts. */
export const RoleBinding = lazily(() => z.strictObject({ role: RoleName, on: BoundHosts }));
export type RoleBinding = z.infer<typeof RoleBinding>;

/** All roles for some hosts that somebody is to have. */
export const RoleBindings = lazily(() => z.array(RoleBinding).max(MAX_ROLE_BINDINGS));

/** The same as they are on record. */
export const GivenBindings = lazily(() =>
  z
    .array(z.object({ role: Line, on: Line }))
    .max(MAX_ROLE_BINDINGS)
    .meta({
      description:
        'Roles for the hosts of a group or with a label, beside the role for all. A group that is deleted takes its own with it.',
    }),
);
export type GivenBindings = z.infer<typeof GivenBindings>;
