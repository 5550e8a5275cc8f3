import { lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** A step of a job as the manager streams it. */
export const JobProgress = lazily(() =>
  z.object({
    status: z.string(),
    progress_percent: z.number(),
    message: z.string(),
    output: z.string().nullable(),
    seq: z.number(),
  }),
);
export type JobProgress = z.infer<typeof JobProgress>;
