import { lazily } from '@linux-patch/contract';
import { z } from 'zod';
import { InstalledSchema } from './installed-schema.ts';
import { LeftOut } from './left-out.ts';

/**
 * What a job is about to change and what was there before, written down before the package manager starts. An agent that
 * comes later judges by it what became of the change.
 */
export const ChangePlan = lazily(() =>
  z.object({
    v: z.literal(1),
    /** For messages: the program and what it was asked to do. */
    what: z.string(),
    startedAtMs: z.number(),
    before: z.array(InstalledSchema),
    wishes: z.array(
      z.object({
        name: z.string(),
        want: z.union([z.enum(['installed', 'removed']), z.object({ version: z.string() })]),
        security: z.boolean().optional(),
      }),
    ),
    /** Packages that nobody had asked for by name, and whose mark has to come back. */
    autoMarked: z.array(z.string()),
    /** Wanted updates that stay out. */
    left: z.array(LeftOut).default([]),
  }),
);
export type ChangePlan = z.infer<typeof ChangePlan>;
