import { z } from 'zod';
import { lazily } from '../lazily.ts';

/** Answer of `GET /api/v1/status`. */
export const ManagerStatus = lazily(() =>
  z.object({
    version: z.string(),
    uptime_seconds: z.int().nonnegative(),
    ca_fingerprint: z.string(),
    manager_url: z.string(),
    hosts: z.int().nonnegative().meta({ description: 'Those that the caller may see.' }),
    database_trouble: z.string().nullable().meta({
      description: 'Why the manager keeps no change now, as on a full disk; null while it does.',
    }),
    pending_enrollments: z
      .int()
      .nonnegative()
      .nullable()
      .meta({ description: 'Null for whom the queue is not there.' }),
    older_agents: z.object({
      allowed: z.enum(['all', 'known', 'none']).meta({
        description:
          'Which agents of the older generation may ask to join: all, those of hosts on record with a key that the manager made, or none.',
      }),
      hosts: z.int().nonnegative().meta({ description: 'Hosts on record with such a key.' }),
    }),
  }),
);
export type ManagerStatus = z.infer<typeof ManagerStatus>;
