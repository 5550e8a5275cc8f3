import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line, MAX_ENTRIES } from '../text-bounds.ts';

/** Answer of `GET /api/v1/system/info`. */
export const SystemInfo = lazily(() =>
  z.object({
    hostname: Line,
    fqdn: Line,
    os: Line,
    os_version: Line,
    os_codename: Line.nullable(),
    kernel: Line,
    architecture: Line,
    package_manager: Line,
    uptime_seconds: z.int().nonnegative().meta({ description: 'Uptime of the host.' }),
    boot_id: Line.nullable().meta({ description: 'Differs after every boot, also of a container.' }),
    last_boot: z.iso.datetime().nullable(),
    last_update_check: z.iso.datetime().nullable(),
    last_update_apply: z.iso.datetime().nullable(),
    pending_reboot: z.boolean(),
    reboot_reasons: z.array(Line).max(MAX_ENTRIES).meta({
      description:
        'Clauses for people: who asked for it, a newer kernel than the one that runs, packages that came after the start.',
    }),
    package_db_clean: z.boolean(),
    api_version: Line,
    service_status: z.enum(['serving', 'degraded']),
  }),
);
export type SystemInfo = z.infer<typeof SystemInfo>;
