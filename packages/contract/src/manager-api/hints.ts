import { z } from 'zod';
import { lazily } from '../lazily.ts';
import type { Permission } from '../permissions.ts';

/** What the manager's records are about, and who may hear that something of it changed: whoever may read it. */
export const HINT_TOPICS = {
  hosts: 'hosts:read',
  packages: 'hosts:read',
  jobs: 'hosts:read',
  enrollments: 'enrollments:read',
  'join-tokens': 'tokens:read',
  certificates: 'certificates:read',
  authority: 'ca:read',
  people: 'people:read',
  'api-tokens': 'api-tokens:read',
  audit: 'audit:read',
} as const satisfies Record<string, Permission>;

/** One of them. */
export type HintTopic = keyof typeof HINT_TOPICS;

/** The data of a `hint`: what to ask for again. `all` is said when it is not known what was missed. */
export interface Hint {
  readonly changed: readonly (HintTopic | 'all')[];
}

/** Query of `GET /events`. */
export const HintsQuery = lazily(() =>
  z.strictObject({
    after: z.string().max(64).optional().meta({
      description:
        'The id of the last hint that was seen, for clients that cannot send `Last-Event-ID`; what changed since comes first. Without either, and with one of before a restart, `all` comes first.',
    }),
  }),
);
