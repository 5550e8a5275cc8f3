import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { OneLine } from '../text-bounds.ts';
import { HostSelector } from './host-selector.ts';
import { inventoryPage } from './inventory.ts';
import { LabelValue } from './labels.ts';

/** How many groups there are at most. */
export const MAX_GROUPS = 500;
/** In how many of them a host is at most. */
export const MAX_GROUPS_OF_HOST = 32;

/** By what a group is chosen; no two differ by case alone. */
export const GroupName = LabelValue;

/** What a group is for: one line. */
export const GroupDescription = OneLine(200);

const Count = z.int().nonnegative();

/** Hosts that people put together. */
export const HostGroup = lazily(() =>
  z.object({
    name: z.string(),
    description: z.string().nullable(),
    hosts: Count.meta({
      description: 'Hosts in it that have not left the fleet: those that are chosen by it.',
    }),
    left: Count.meta({
      description:
        'Hosts in it that left by themselves; such a host is chosen again when a person lets it in under its old record.',
    }),
    created_at: z.iso.datetime(),
    created_by: z.string(),
  }),
);
export type HostGroup = z.infer<typeof HostGroup>;

export const HostGroupList = z.object({ groups: z.array(HostGroup), total: Count });

/** Body of `POST /groups`. */
export const CreateGroup = z.strictObject({ name: GroupName, description: GroupDescription.optional() });
export type CreateGroup = z.infer<typeof CreateGroup>;

/** Body of `PUT /groups/{name}`. */
export const GroupChange = lazily(() =>
  z
    .strictObject({
      name: GroupName.optional(),
      description: GroupDescription.nullable().optional().meta({ description: 'Null for none.' }),
    })
    .refine((change) => Object.keys(change).length > 0, 'names nothing to change'),
);
export type GroupChange = z.infer<typeof GroupChange>;

/** Query of `GET /groups/{name}`. */
export const GroupQuery = z.strictObject(inventoryPage);

/** Answer of `GET /groups/{name}`. */
export const GroupMembers = lazily(() =>
  z.object({
    group: HostGroup,
    hosts: z
      .array(z.object({ id: z.uuid(), fqdn: z.string(), left_at: z.iso.datetime().nullable() }))
      .meta({ description: 'By name.' }),
    total: Count.meta({ description: 'Hosts in it, those that left among them, before paging.' }),
  }),
);
export type GroupMembers = z.infer<typeof GroupMembers>;

/** Body of `POST /groups/{name}/add` and `/remove`. */
export const GroupHosts = z.strictObject({ hosts: HostSelector });

/** What became of that. */
export const GroupHostsChanged = lazily(() =>
  z.object({
    group: HostGroup,
    changed: Count.meta({ description: 'Hosts that were put in, or taken out.' }),
    unchanged: Count.meta({ description: 'Hosts that were meant as well, and were so already.' }),
  }),
);
export type GroupHostsChanged = z.infer<typeof GroupHostsChanged>;

/** Answer of `DELETE /groups/{name}`. */
export const GroupDeleted = lazily(() =>
  z.object({
    group: HostGroup.unwrap().meta({ description: 'As it was; its hosts stay in the fleet.' }),
    join_tokens: Count.meta({
      description: 'Join tokens in force that would have put hosts into it; those hosts come without it now.',
    }),
    role_bindings: Count.meta({
      description: 'Roles of people and API tokens that were for its hosts, and are gone with it.',
    }),
  }),
);
export type GroupDeleted = z.infer<typeof GroupDeleted>;
