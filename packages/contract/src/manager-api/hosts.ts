import { z } from 'zod';
import { CRL_STATUSES, IDENTITY_TRUSTS } from '../agent-api/health.ts';
import { OsDetails } from '../enrollment.ts';
import { lazily } from '../lazily.ts';
import { BINDABLE_PERMISSIONS } from '../permissions.ts';
import { REVOCATION_REASON_NAMES } from '../revocation.ts';
import { OneLine } from '../text-bounds.ts';
import { HostSelector } from './host-selector.ts';
import { HostJobKeyState } from './job-key.ts';
import { Labels } from './labels.ts';

/** How the identity of a host fares; the first that fits, the worst first. */
export const HOST_IDENTITY_STATES = [
  'left',
  /** Two machines hold one of its certificates. */
  'forked',
  'revoked',
  /** It is answered for with a certificate that this manager did not issue to it. */
  'unknown_certificate',
  'expired',
  /** It has a name or an address that no host is certified for any more. */
  'not_renewable',
  /** It joined, and this manager has never reached its agent. */
  'unreached',
  'renewal_failing',
  'expiring',
  'renewal_overdue',
  'degraded',
  'ok',
] as const;
export type HostIdentityState = (typeof HOST_IDENTITY_STATES)[number];

/** Identity of a host, by our records and by what its agent said when it was asked last. */
export const HostIdentity = lazily(() =>
  z.object({
    state: z.enum(HOST_IDENTITY_STATES),
    message: z
      .string()
      .nullable()
      .meta({ description: 'What is wrong and what to do; null when nothing is.' }),
    days_left: z.int().nullable(),
    trust: z
      .enum(IDENTITY_TRUSTS)
      .nullable()
      .meta({ description: 'How the agent came to trust this manager.' }),
    served_serial: z
      .string()
      .nullable()
      .meta({ description: 'Serial number of the certificate the agent served with.' }),
    crl_status: z.enum(CRL_STATUSES).nullable(),
    crl_number: z.int().nullable(),
    crl_current: z.boolean().nullable().meta({
      description: 'Its revocation list names everything that is revoked now; null before it was asked.',
    }),
    reported_at: z.iso.datetime().nullable(),
  }),
);
export type HostIdentity = z.infer<typeof HostIdentity>;

/** Whether a host needs a reboot, as it said when it was listed last. */
export const HostReboot = lazily(() =>
  z.object({
    needed: z.boolean().nullable().meta({ description: 'Null where it did not say so.' }),
    reasons: z.array(z.string()).meta({ description: 'Clauses for people.' }),
    said_at: z.iso.datetime().nullable(),
  }),
);
export type HostReboot = z.infer<typeof HostReboot>;

/** What the policy of a host lets managers ask for, as it said when it was asked last. */
export const HostPolicy = lazily(() =>
  z.object({
    allows: z.array(z.string()).nullable().meta({
      description:
        '`update`, `install`, `remove`, `reboot` and `restart-service`, or fewer; null where it did not say so.',
    }),
    fault: z
      .string()
      .nullable()
      .meta({ description: 'Why every change is denied; null while the policy can be relied on.' }),
  }),
);
export type HostPolicy = z.infer<typeof HostPolicy>;

/** A host of the fleet. */
export const Host = lazily(() =>
  z.object({
    id: z.uuid(),
    fqdn: z.string(),
    hostname: z.string().nullable(),
    machine_id: z.string(),
    ip_address: z.string(),
    agent_port: z.int(),
    os_details: OsDetails,
    key_origin: z.enum(['host', 'manager']),
    certificate_serial: z.string().nullable(),
    certificate_expires_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    last_seen_at: z.iso.datetime().nullable(),
    last_error: z.string().nullable(),
    left_at: z.iso.datetime().nullable().meta({ description: 'When the host left by itself.' }),
    identity: HostIdentity,
    job_key: HostJobKeyState,
    policy: HostPolicy,
    reboot: HostReboot,
    labels: Labels.meta({ description: 'Set by people and join tokens, by key.' }),
    groups: z
      .array(z.string())
      .meta({ description: 'Those that people or join tokens put it into, by name.' }),
    note: z.string().nullable().meta({ description: 'What people wrote about it.' }),
  }),
);
export type Host = z.infer<typeof Host>;

export const HostList = z.object({ hosts: z.array(Host), total: z.int() });
export type HostList = z.infer<typeof HostList>;

/** Query of `GET /hosts`. */
export const HostQuery = lazily(() =>
  z.strictObject({
    hosts: HostSelector.optional(),
    may: z.enum(BINDABLE_PERMISSIONS).optional().meta({
      description:
        'Refused (`FORBIDDEN`), with their names, when some of the hosts that are meant are not among those for which the caller has this permission.',
    }),
  }),
);
export type HostQuery = z.infer<typeof HostQuery>;

/** What people write about a host: one line. */
export const HostNote = OneLine(500);

/** Body of `PUT /hosts/{id}`: where the agent listens when not on its standard port, and what is to be known of the host. */
export const HostChange = lazily(() =>
  z.strictObject({
    agent_port: z.int().min(1).max(65_535).optional(),
    ip_address: z.union([z.ipv4(), z.ipv6()]).optional(),
    note: HostNote.nullable().optional().meta({ description: 'Null for none.' }),
  }),
);
export type HostChange = z.infer<typeof HostChange>;

/** Query of `DELETE /hosts/{id}`: why its certificates are revoked. */
export const HostRemoval = z.strictObject({ reason: z.enum(REVOCATION_REASON_NAMES).optional() });
