import { z } from 'zod';

/** A caller's own name for one change. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'a key has 1 to 128 printable ASCII characters and no blank');

/** Header with which a caller says which instance of the agent it means. */
export const INSTANCE_HEADER = 'Linux-Patch-Instance';

/** Headers of every request that changes something. */
export const ChangeHeaders = z.object({
  [INSTANCE_HEADER]: z.uuid().optional().meta({
    description:
      'The `instance_id` of health that the caller knows. Another instance (a host that was set up anew, a copy of its disk) refuses with 410 and does nothing.',
  }),
});

/** Headers of every request that becomes a job. */
export const JobHeaders = ChangeHeaders.extend({
  'Idempotency-Key': IdempotencyKey.optional().meta({
    description:
      'The same key with the same request is the same job for as long as that job is kept, also after a restart: repeat with it when an answer was lost. With another request it is 409.',
  }),
});
