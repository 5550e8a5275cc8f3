import { z } from 'zod';
import { lazily } from '../lazily.ts';

/**
 * Phases of the replacement of the root CA. `standby`: there is one. `trust`: hosts learn to trust the new one, which
 * issues nothing yet. `manager`: the manager's own certificates are from the new one. `hosts`: hosts get theirs from it
 * too. `rollback`: everything is issued by the old one again, both are trusted.
 */
export const ROTATION_PHASES = ['standby', 'trust', 'manager', 'hosts', 'rollback'] as const;
export type RotationPhase = (typeof ROTATION_PHASES)[number];

/** Steps an administrator can take. */
export const ROTATION_STEPS = ['start', 'continue', 'rollback', 'finish'] as const;
export type RotationStep = (typeof ROTATION_STEPS)[number];

/** Body of `POST /api/v1/ca/rotation`. */
export const RotationRequest = lazily(() =>
  z.strictObject({
    step: z.enum(ROTATION_STEPS),
    phase: z.enum(ROTATION_PHASES).optional().meta({
      description:
        'The phase that the step is meant for; in another one it is refused. Whoever repeats a step whose answer was lost, or goes on at the same time as somebody else, then takes no second one.',
    }),
    leave_behind: z
      .union([z.literal('all'), z.array(z.string().min(1).max(253)).max(10_000)])
      .default([])
      .meta({ description: 'Hosts that need not have followed, by name; `all` for whoever has not.' }),
    compromised: z.boolean().default(false).meta({
      description:
        'With `finish`: the key of the old CA is in wrong hands, so its pins must not work any more.',
    }),
  }),
);
export type RotationRequest = z.infer<typeof RotationRequest>;

export const CA_ROLES = ['current', 'next', 'retired', 'discarded', 'compromised'] as const;

const CaCertificate = lazily(() =>
  z.object({
    subject: z.string(),
    serial: z.string(),
    not_before: z.iso.datetime(),
    not_after: z.iso.datetime(),
  }),
);

/** One certificate authority: a root with its issuing CA. */
export const CertificateAuthority = lazily(() =>
  z.object({
    id: z.string(),
    role: z.enum(CA_ROLES),
    fingerprint: z
      .string()
      .meta({ description: 'Fingerprint of its root, as in `enrollment.ca_fingerprint` and join strings.' }),
    pin_works: z.boolean().meta({ description: 'Whether a host that has this fingerprint can still join.' }),
    root: CaCertificate,
    issuing: CaCertificate,
    hosts: z.int().nonnegative().meta({ description: 'Hosts whose newest certificate is from this CA.' }),
    issues_to: z
      .array(z.enum(['manager', 'hosts']))
      .meta({ description: 'Whose certificates it issues now.' }),
  }),
);
export type CertificateAuthority = z.infer<typeof CertificateAuthority>;

/** A host that has not followed the present phase, and why as far as known. */
export const RotationLaggard = z.object({ host: z.string(), reason: z.string() });
export type RotationLaggard = z.infer<typeof RotationLaggard>;

/** Answer of `GET /api/v1/ca` and of every step. */
export const AuthorityStatus = lazily(() =>
  z.object({
    phase: z.enum(ROTATION_PHASES),
    phase_since: z.iso.datetime().nullable(),
    authorities: z.array(CertificateAuthority),
    own_certificates: z.array(
      z.object({ name: z.string(), serial: z.string(), not_after: z.iso.datetime(), authority: z.string() }),
    ),
    rotation_due_at: z.iso.datetime().meta({
      description: 'When the replacement of the root has to begin, a year or more before it ends.',
    }),
    rotation_due: z.boolean(),
    hosts: z.int().nonnegative(),
    followed: z.int().nonnegative().meta({ description: 'Hosts that have followed this phase.' }),
    laggards: z.array(RotationLaggard),
  }),
);
export type AuthorityStatus = z.infer<typeof AuthorityStatus>;
