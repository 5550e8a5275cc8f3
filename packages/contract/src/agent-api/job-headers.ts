import { z } from 'zod';

/** A caller's own name for one change. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'a key has 1 to 128 printable ASCII characters and no blank');

/** Headers of every request that becomes a job. */
export const JobHeaders = z.object({
  'Idempotency-Key': IdempotencyKey.optional().meta({
    description:
      'The same key with the same request is the same job for as long as that job is kept, also after a restart: repeat with it when an answer was lost. With another request it is 409.',
  }),
});
