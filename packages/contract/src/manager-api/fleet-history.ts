import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { wholeNumber } from '../query.ts';

const Count = z.int().nonnegative();

/** Days of an answer that was asked for without `days`. */
export const DEFAULT_HISTORY_DAYS = 90;

export const FleetHistoryQuery = z.strictObject({ days: wholeNumber(1, 3_660).optional() });

/** How the fleet fared on a day. */
export const FleetDay = lazily(() =>
  z.object({
    day: z.iso.date().meta({ description: 'UTC.' }),
    at: z.iso.datetime().meta({
      description:
        'When the manager looked last on that day, as it does every hour; the numbers are as of then.',
    }),
    hosts: Count.meta({ description: 'Hosts that had not left: `current`, `behind` and `unknown`.' }),
    current: Count,
    behind: Count,
    unknown: Count,
    security: Count.meta({ description: 'Those of `behind` on which security updates waited.' }),
    updates: Count.meta({ description: 'Updates that waited on all hosts, by their last listings.' }),
    security_updates: Count,
    certificates: z.object({ none: Count, expired: Count, week: Count, month: Count, later: Count }).meta({
      description:
        'Hosts by how long their newest certificate that is not revoked lasted: less than seven days, less than thirty, longer.',
    }),
  }),
);
export type FleetDay = z.infer<typeof FleetDay>;

/** Answer of `GET /inventory/history`. */
export const FleetHistory = lazily(() =>
  z.object({
    days: z
      .array(FleetDay)
      .meta({ description: 'The oldest first. A day on which the manager did not run is missing.' }),
  }),
);
export type FleetHistory = z.infer<typeof FleetHistory>;
