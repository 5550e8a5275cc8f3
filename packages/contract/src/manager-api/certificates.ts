import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { REVOCATION_REASON_NAMES } from '../revocation.ts';

export const CERTIFICATE_KINDS = ['agent', 'manager_client', 'web'] as const;
export const CERTIFICATE_STATES = ['valid', 'expired', 'revoked'] as const;

/** A serial number as people copy it: hex digits, also upper case and with colons. */
export const SerialNumber = z
  .string()
  .max(128)
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .pipe(z.string().regex(/^[0-9a-f]{1,40}$/, 'a serial number has 1 to 40 hexadecimal digits'));

/** A certificate that this manager issued. Its record outlives the host it was for. */
export const Certificate = lazily(() =>
  z.object({
    serial: z.string(),
    kind: z.enum(CERTIFICATE_KINDS).meta({
      description: '`agent`, or one of the manager: `manager_client` calls agents, `web` serves HTTPS.',
    }),
    subject: z.string(),
    host: z.string().nullable().meta({ description: 'Name of its host; null when that is gone.' }),
    host_id: z.uuid().nullable(),
    state: z.enum(CERTIFICATE_STATES),
    not_before: z.iso.datetime(),
    not_after: z.iso.datetime(),
    days_left: z.int(),
    issued_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().nullable(),
    revoke_reason: z.enum(REVOCATION_REASON_NAMES).nullable(),
  }),
);
export type Certificate = z.infer<typeof Certificate>;

export const CertificateList = z.object({ certificates: z.array(Certificate), total: z.int() });

export const CertificateQuery = lazily(() =>
  z.strictObject({
    host: z.string().optional(),
    expiring: z.coerce
      .number()
      .min(0)
      .max(36_500)
      .optional()
      .meta({ description: 'Only valid ones that expire within so many days.' }),
    state: z.enum([...CERTIFICATE_STATES, 'all']).optional(),
  }),
);

/** Body of a revocation. */
export const RevokeRequest = z.strictObject({ reason: z.enum(REVOCATION_REASON_NAMES) });

/** Which hosts have a revocation list that names everything that is revoked now. */
export const ListDelivery = lazily(() =>
  z.object({
    crl_number: z.int(),
    hosts: z.int(),
    taken: z.int(),
    /** Sent again in the background until they take it; agents also fetch by themselves. */
    pending: z.array(z.object({ fqdn: z.string(), reason: z.string() })),
  }),
);
export type ListDelivery = z.infer<typeof ListDelivery>;

export const Revoked = lazily(() =>
  z.object({
    certificate: Certificate,
    changed: z.boolean().meta({ description: 'False when it was revoked before.' }),
    delivery: ListDelivery,
  }),
);

/** Answer of `DELETE /hosts/{id}`. */
export const HostRemoved = lazily(() =>
  z.object({
    id: z.uuid(),
    fqdn: z.string(),
    revoked: z.array(z.string()).meta({ description: 'Serial numbers revoked by this call.' }),
    delivery: ListDelivery,
  }),
);
