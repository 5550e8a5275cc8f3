import { z } from 'zod';
import { HostJobKey } from '../job-key.ts';
import { lazily } from '../lazily.ts';
import { Line, Prose } from '../text-bounds.ts';
import { POLICY_OPERATIONS } from './policy.ts';

/** A named check: `ok`, or the reason why not. */
const CheckResult = Prose.meta({ description: '`ok`, what is wrong, or that it is not known.' });

export const CRL_STATUSES = ['valid', 'expired', 'missing', 'invalid', 'degraded'] as const;
export const CACHE_STATUSES = ['fresh', 'stale', 'unknown', 'failed'] as const;
export const IDENTITY_TRUSTS = ['ca_file', 'pin', 'system', 'code', 'token', 'tofu', 'manual'] as const;
export type IdentityTrust = (typeof IDENTITY_TRUSTS)[number];
export const KEY_ORIGINS = ['host', 'manager', 'unknown'] as const;
export type KeyOrigin = (typeof KEY_ORIGINS)[number];

/** What is wrong with the identity of a host, the most urgent first; programs decide by these, never by words. */
export const IDENTITY_TROUBLES = [
  'revoked',
  'renewal_stalled',
  'renewal_failing',
  'files_refused',
  'believed_without_proof',
  'key_made_by_manager',
  'certificate',
] as const;
export type IdentityTrouble = (typeof IDENTITY_TROUBLES)[number];

/** Answer of `GET /health`. */
export const Health = lazily(() =>
  z.object({
    status: z.enum(['healthy', 'degraded']),
    version: Line,
    instance_id: z.uuid().optional().meta({
      description:
        'Born with the data folder of the worker, and another one on another host; see the header `Linux-Patch-Instance`. Older agents have none, nor has one whose worker could not say it yet.',
    }),
    uptime_seconds: z.int().nonnegative(),
    checks: z.object({
      config: CheckResult,
      certificates: CheckResult,
      clock: CheckResult.optional(),
      allow_list: CheckResult.optional(),
      policy: CheckResult.optional(),
      job_key: CheckResult.optional(),
      package_manager: CheckResult,
      job_queue: CheckResult,
      package_cache: CheckResult,
    }),
    identity_trouble: z.enum(IDENTITY_TROUBLES).nullable().optional().meta({
      description:
        'What `checks.certificates` says, as a code; null when that is `ok`. Older agents leave it out.',
    }),
    allowed_operations: z.array(z.enum(POLICY_OPERATIONS)).max(POLICY_OPERATIONS.length).optional().meta({
      description:
        'What the policy of the host lets managers ask for; `[]`: nothing, as with a faulty policy, of which `checks.policy` tells. More than this may forbid a change. Older agents leave it out.',
    }),
    last_package_check: z.iso.datetime().nullable().optional().meta({
      description:
        'When somebody looked at the packages for what `checks.package_manager` says; null: never yet, and the check is not `ok`. Older agents leave it out.',
    }),
    last_cache_update: z.iso.datetime().nullable(),
    cache_status: z.enum(CACHE_STATUSES),
    crl_status: z.enum(CRL_STATUSES),
    crl_age_seconds: z.int().nonnegative().nullable(),
    crl_next_update: z.iso.datetime().nullable(),
    crl_number: Line.nullable().meta({ description: 'Number of the revocation list in use, decimal.' }),
    certificate_expires_at: z.iso.datetime().nullable(),
    certificate_days_left: z.int().nullable(),
    identity_trust: z.enum(IDENTITY_TRUSTS).meta({ description: 'How the agent came to trust its manager.' }),
    key_origin: z.enum(KEY_ORIGINS).meta({ description: 'Who made the private key.' }),
    job_key: HostJobKey.optional().meta({
      description:
        'Which key of a manager signs the changes that this host does. Left out by older agents, and where `checks.job_key` is not `ok`: then every change is refused.',
    }),
  }),
);
export type Health = z.infer<typeof Health>;
