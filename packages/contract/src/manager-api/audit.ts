import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { wholeNumber } from '../query.ts';

const Hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits, as "audit verify" prints them');

/** One record of the audit log. */
export const AuditRecord = lazily(() =>
  z.object({
    seq: z.int(),
    at: z.iso.datetime(),
    actor: z.string(),
    event: z.string(),
    fields: z.record(z.string(), z.unknown()),
    hash: z.string().meta({ description: 'Of this record and, through the one before, of all before it.' }),
  }),
);
export type AuditRecord = z.infer<typeof AuditRecord>;

/** Query of `GET /audit`. */
export const AuditQuery = lazily(() =>
  z.strictObject({
    actor: z
      .string()
      .max(128)
      .optional()
      .meta({ description: 'Only what this one did, for example person:ada.' }),
    event: z.string().max(64).optional().meta({ description: 'Only events of this name.' }),
    about: z.string().min(1).max(128).optional().meta({
      description: 'Only records that hold this text, for example the name of a host or an address.',
    }),
    since: z.iso.datetime().optional().meta({ description: 'Only records of then and later.' }),
    until: z.iso.datetime().optional().meta({ description: 'Only records from before then.' }),
    before: wholeNumber(1, 999_999_999)
      .optional()
      .meta({ description: 'Only records before this one; `next` of the page before.' }),
    limit: wholeNumber(1, 1_000).optional().meta({ description: 'Records on a page; 100 when absent.' }),
  }),
);
export type AuditQuery = z.infer<typeof AuditQuery>;

export const AuditPage = lazily(() =>
  z.object({
    records: z.array(AuditRecord),
    next: z.int().nullable().meta({ description: '`before` of the next page; null for the last.' }),
  }),
);
export type AuditPage = z.infer<typeof AuditPage>;

/** Query of `GET /audit/verification`. */
export const AuditVerificationQuery = z.strictObject({
  contains: Hash.optional().meta({
    description:
      'The hash of a record that was noted elsewhere: whether it is still there, with all before it.',
  }),
});

/** Whether the audit log is the chain that was written. */
export const AuditVerification = lazily(() =>
  z.object({
    records: z.int().meta({ description: 'How many are as they were written, from the first on.' }),
    last: z.object({ seq: z.int(), at: z.iso.datetime(), hash: z.string() }).nullable().meta({
      description: 'The last of them. Noted elsewhere, its hash tells later whether the end was cut off.',
    }),
    fault: z
      .object({ seq: z.int(), at: z.iso.datetime(), why: z.string() })
      .nullable()
      .meta({ description: 'The first record that does not fit; null when all do.' }),
    sealed_to: z.int().nullable().meta({
      description:
        'Number of the last record that is in a file, before the first of these; null when none is.',
    }),
    contains: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether the hash that was asked for is among them; null when none was.' }),
  }),
);
export type AuditVerification = z.infer<typeof AuditVerification>;
