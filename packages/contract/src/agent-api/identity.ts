import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line } from '../text-bounds.ts';

/** Body of `PUT /identity/crl`. A list that does not fit into a request is fetched by the agent itself. */
export const CrlPush = lazily(() => z.strictObject({ crl_pem: z.string().min(1).max(1_000_000) }));
export type CrlPush = z.infer<typeof CrlPush>;

/** The revocation list in force after `PUT /identity/crl`. */
export const CrlTaken = lazily(() =>
  z.object({
    crl_number: Line.nullable().meta({ description: 'Decimal; null when the list has none.' }),
    crl_next_update: z.iso.datetime().nullable(),
    revoked: z.int().nonnegative().meta({ description: 'Certificates that it names.' }),
    changed: z.boolean().meta({ description: 'It is another list than before.' }),
  }),
);
export type CrlTaken = z.infer<typeof CrlTaken>;
