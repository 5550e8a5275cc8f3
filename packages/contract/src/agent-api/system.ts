import { z } from 'zod';

/** Answer of `GET /api/v1/system/info`. */
export const SystemInfo = z.object({
  hostname: z.string(),
  fqdn: z.string(),
  os: z.string(),
  os_version: z.string(),
  os_codename: z.string().nullable(),
  kernel: z.string(),
  architecture: z.string(),
  package_manager: z.string(),
  uptime_seconds: z.number().int().nonnegative().meta({ description: 'Uptime of the host.' }),
  boot_id: z.string().nullable(),
  last_boot: z.iso.datetime().nullable(),
  last_update_check: z.iso.datetime().nullable(),
  last_update_apply: z.iso.datetime().nullable(),
  pending_reboot: z.boolean(),
  reboot_reasons: z.array(z.string()).meta({
    description:
      'Clauses for people: who asked for it, a newer kernel than the one that runs, packages that came after the start.',
  }),
  package_db_clean: z.boolean(),
  api_version: z.string(),
  service_status: z.enum(['serving', 'degraded']),
});
export type SystemInfo = z.infer<typeof SystemInfo>;
