import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line, MAX_ENTRIES, OneLine } from '../text-bounds.ts';

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

/** Seconds that a reboot may be put off: a week. */
export const MAX_REBOOT_DELAY_SECONDS = 604_800;

/** Body of `POST /system/reboot`. */
export const RebootRequest = lazily(() =>
  z.strictObject({
    delay_seconds: z.int().min(0).max(MAX_REBOOT_DELAY_SECONDS).optional().meta({
      description:
        'shutdown(8) counts whole minutes, so this is rounded up. Until then whoever is logged in knows of it and can cancel it. Without it, or with 0, the host reboots at once.',
    }),
    reason: OneLine(200).optional().meta({ description: 'Told to whoever is logged in.' }),
  }),
);
export type RebootRequest = z.infer<typeof RebootRequest>;
