import { z } from 'zod';

/** Answer of `GET /api/v1/status`. */
export const ManagerStatus = z.object({
  version: z.string(),
  uptime_seconds: z.number().int().nonnegative(),
  ca_fingerprint: z.string(),
  manager_url: z.string(),
  hosts: z.number().int().nonnegative(),
  pending_enrollments: z.number().int().nonnegative(),
});
export type ManagerStatus = z.infer<typeof ManagerStatus>;
