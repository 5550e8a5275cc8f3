import { z } from 'zod';
import { JOB_KEY_WAYS, JobKeyFingerprint } from '../job-key.ts';
import { lazily } from '../lazily.ts';

/**
 * What a host takes changes from, as it said when it was asked last. `pinned`: from this manager's job key. `behind`: from a
 * key that was this manager's; it follows by itself. `foreign`: from a key that was never this manager's. `none`: from whoever
 * it lets in. `unreadable`: from nobody, because its file of the key is damaged, gone, or open to others than root.
 * `unsupported`: from whoever it lets in, because its agent knows of no job keys. `unknown`: it was not asked yet.
 */
export const JOB_KEY_STATES = [
  'pinned',
  'behind',
  'foreign',
  'unreadable',
  'none',
  'unsupported',
  'unknown',
] as const;
export type JobKeyState = (typeof JOB_KEY_STATES)[number];

/** The job key of a host, in `Host`. */
export const HostJobKeyState = lazily(() =>
  z.object({
    state: z.enum(JOB_KEY_STATES),
    pinned: JobKeyFingerprint.nullable(),
    by: z.enum(JOB_KEY_WAYS).nullable().meta({ description: 'Why the host pins it, or why it pins none.' }),
  }),
);
export type HostJobKeyState = z.infer<typeof HostJobKeyState>;

/** Answer of `GET /api/v1/job-key` and of its rotation. */
export const JobKeyStatus = lazily(() =>
  z.object({
    fingerprint: JobKeyFingerprint,
    since: z.iso.datetime(),
    former: z
      .array(JobKeyFingerprint)
      .meta({ description: 'Keys before it, the oldest first; hosts that pin one of them follow.' }),
    hosts: z
      .record(z.enum(JOB_KEY_STATES), z.int().nonnegative())
      .meta({ description: 'How many hosts of the fleet are in which state.' }),
  }),
);
export type JobKeyStatus = z.infer<typeof JobKeyStatus>;
