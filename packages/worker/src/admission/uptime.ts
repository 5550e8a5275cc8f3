import { lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** An instant that no clock which somebody sets can move. */
export const Uptime = lazily(() =>
  z.strictObject({
    /** Null where a container hides it. */
    bootId: z.string().max(128).nullable(),
    /** Time since the boot. */
    ageMs: z.number(),
  }),
);
export type Uptime = z.infer<typeof Uptime>;
