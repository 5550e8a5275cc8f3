import { z } from 'zod';
import { JoinTokenId } from '../enrollment.ts';
import { lazily } from '../lazily.ts';
import { OneLine, Output } from '../text-bounds.ts';
import { GroupName, MAX_GROUPS_OF_HOST } from './groups.ts';
import { Labels } from './labels.ts';

export const JOIN_TOKEN_STATES = ['active', 'spent', 'expired', 'revoked'] as const;

/** Longest life of a join token: a quarter of a year, for images that are built now and booted later. */
export const MAX_JOIN_TOKEN_SECONDS = 90 * 86_400;
export const DEFAULT_JOIN_TOKEN_SECONDS = 86_400;

/** A join token as an administrator sees it; never with its secret, which nobody but its holders has. */
export const JoinToken = lazily(() =>
  z.object({
    id: JoinTokenId,
    state: z.enum(JOIN_TOKEN_STATES),
    uses: z.int().meta({ description: 'Hosts it lets in.' }),
    used: z.int().meta({ description: 'Hosts it has let in.' }),
    hosts: z.string().nullable().meta({ description: 'Pattern of the names it is for; null for any name.' }),
    note: z.string().nullable().meta({ description: 'What it is for, in the words of who made it.' }),
    labels: Labels.meta({ description: 'What the hosts that it lets in get.' }),
    groups: z
      .array(z.string())
      .meta({ description: 'Into which the hosts are put that it lets in, by name.' }),
    created_at: z.iso.datetime(),
    created_by: z.string(),
    expires_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().nullable(),
    used_by: z.array(z.object({ fqdn: z.string(), at: z.iso.datetime(), enrollment: z.uuid() })),
  }),
);
export type JoinToken = z.infer<typeof JoinToken>;

export const JoinTokenList = z.object({ tokens: z.array(JoinToken), total: z.int() });

/** What a person writes to a join token: one line. */
export const JoinTokenNote = OneLine(200);

/** Body of `POST /tokens`. */
export const CreateJoinToken = lazily(() =>
  z.strictObject({
    ttl_seconds: z.int().min(60).max(MAX_JOIN_TOKEN_SECONDS).optional(),
    uses: z.int().min(1).max(10_000).optional(),
    hosts: z
      .string()
      .max(253)
      .regex(
        /^[A-Za-z0-9_*-]+(\.[A-Za-z0-9_*-]+)*$/,
        'must be a host name in which * stands for any characters but a dot, for example web*.example.org',
      )
      .optional(),
    note: JoinTokenNote.optional(),
    labels: Labels.optional().meta({ description: 'Labels of the hosts that it lets in.' }),
    groups: z.array(GroupName).max(MAX_GROUPS_OF_HOST).optional().meta({
      description: 'Groups into which the hosts are put that it lets in; there must be each of them.',
    }),
  }),
);
export type CreateJoinToken = z.infer<typeof CreateJoinToken>;

/** The one time that a join string is shown. */
export const CreatedJoinToken = lazily(() =>
  z.object({
    join_string: z.string().meta({ description: 'A secret; it cannot be shown again.' }),
    manager_url: z.string(),
    install_line: Output.meta({
      description:
        'What to paste into a root shell of a new host; it has the join string in it. For what this manager offers to install, and else for a package that is on the host already.',
    }),
    token: JoinToken,
  }),
);
export type CreatedJoinToken = z.infer<typeof CreatedJoinToken>;
