import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { OneLine } from '../text-bounds.ts';
import { inventoryPage } from './inventory.ts';

/** Hosts that one act is for at most. */
export const MAX_ACT_HOSTS = 10_000;
/** How long the search is at most that they were found by. */
export const MAX_ACT_SEARCH_CHARACTERS = 1_000;

/** What is asked of many hosts at once. */
export const ACT_OPERATIONS = ['patch_apply'] as const;

/** Body of `POST /acts`. */
export const StartAct = lazily(() =>
  z.strictObject({
    operation: z.enum(ACT_OPERATIONS),
    security_only: z.boolean().optional().meta({ description: 'Only updates that are for security.' }),
    hosts: z
      .array(z.uuid())
      .min(1)
      .max(MAX_ACT_HOSTS)
      .refine((ids) => new Set(ids).size === ids.length, 'names a host twice')
      .meta({
        description:
          'Ids of the hosts: exactly these are meant. One that left, or that there is not, refuses all of it.',
      }),
    search: OneLine(MAX_ACT_SEARCH_CHARACTERS)
      .optional()
      .meta({ description: 'By what they were found; for the record, nothing is looked for with it.' }),
  }),
);
export type StartAct = z.infer<typeof StartAct>;

/** How an act stands on its hosts: each host is in one of these. */
export const ACT_OUTCOMES = [
  'waiting',
  'asked',
  'accepted',
  'completed',
  'failed',
  'not_begun',
  'not_asked',
  'unknown',
] as const;
export type ActOutcome = (typeof ACT_OUTCOMES)[number];

const Count = z.int().nonnegative();

/** Something that this manager was asked to have done on many hosts. */
export const FleetAct = lazily(() =>
  z.object({
    id: z.uuid(),
    operation: z.enum(ACT_OPERATIONS),
    security_only: z.boolean(),
    search: z.string().nullable().meta({
      description:
        'By what the hosts were found; null where nobody said, or the caller does not see all hosts.',
    }),
    actor: z.string().meta({ description: 'Who asked for it.' }),
    asked_at: z.iso.datetime(),
    hosts: Count.meta({ description: 'For how many hosts it is; of those that the caller sees.' }),
    counts: z
      .object({
        waiting: Count,
        asked: Count,
        accepted: Count,
        completed: Count,
        failed: Count,
        not_begun: Count,
        not_asked: Count,
        unknown: Count,
      } satisfies Record<ActOutcome, typeof Count>)
      .meta({
        description: 'How many of these hosts are in which state, as `GET /jobs?act=ID&state=` lists them.',
      }),
    stopped_at: z.iso.datetime().nullable(),
    stopped_by: z.string().nullable(),
  }),
);
export type FleetAct = z.infer<typeof FleetAct>;

/** Query of `GET /acts`. */
export const FleetActsQuery = lazily(() => z.strictObject(inventoryPage));

/** Answer of `GET /acts`. */
export const FleetActs = lazily(() =>
  z.object({
    acts: z.array(FleetAct).meta({ description: 'The newest first.' }),
    total: Count.meta({ description: 'Before paging.' }),
  }),
);
export type FleetActs = z.infer<typeof FleetActs>;
