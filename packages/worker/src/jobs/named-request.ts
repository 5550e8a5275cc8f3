import { lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** What a caller called a change, and what the change was. */
export const NamedRequest = lazily(() =>
  z.object({
    /** The `Idempotency-Key`. */
    key: z.string().min(1).max(128),
    /** SHA-256 of the request, hexadecimal. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
);
export type NamedRequest = z.infer<typeof NamedRequest>;
