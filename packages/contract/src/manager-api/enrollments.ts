import { z } from 'zod';
import {
  APPROVAL_MODES,
  JOIN_TOKEN_VERDICTS,
  JoinTokenId,
  MANAGER_PROOFS,
  OsDetails,
} from '../enrollment.ts';
import { lazily } from '../lazily.ts';
import { wholeNumber } from '../query.ts';

export const ENROLLMENT_STATES = ['pending', 'approved', 'installed', 'denied', 'expired'] as const;
export type EnrollmentState = (typeof ENROLLMENT_STATES)[number];

/** A request to join, as an administrator sees it. */
export const Enrollment = lazily(() =>
  z.object({
    id: z.uuid(),
    state: z.enum(ENROLLMENT_STATES),
    generation: z
      .enum(['current', 'older'])
      .meta({ description: '`older`: the agent cannot make its own key.' }),
    key_id: z
      .string()
      .nullable()
      .meta({ description: "Short name of the agent's key; the agent's `status` shows the same." }),
    machine_id: z.string(),
    fqdn: z.string(),
    hostname: z.string().nullable(),
    ip_address: z.string(),
    observed_address: z.string().meta({ description: 'Address the request came from.' }),
    os_details: OsDetails,
    modes: z.array(z.enum(APPROVAL_MODES)),
    conflicts: z.array(z.string()).max(5).meta({
      description:
        'The first five of what speaks against it: that its key was revoked or denied before, hosts and requests with the same name, address or machine-id.',
    }),
    conflicts_total: z.int().nonnegative().meta({ description: 'How much speaks against it.' }),
    created_at: z.iso.datetime(),
    last_poll_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime(),
    decided_at: z.iso.datetime().nullable(),
    decided_by: z.string().nullable(),
    code_verified: z.boolean(),
    join_token: z
      .object({ id: JoinTokenId, verdict: z.enum(JOIN_TOKEN_VERDICTS), at: z.iso.datetime() })
      .nullable()
      .meta({ description: 'The join token that came with the request, and what became of it.' }),
    manager_proof: z
      .object({ by: z.enum(MANAGER_PROOFS), issuer: z.string().nullable() })
      .nullable()
      .meta({
        description:
          'By its own words: what proves this manager to the host, and the CA whose TLS chain it believed.',
      }),
    host_id: z.uuid().nullable(),
  }),
);
export type Enrollment = z.infer<typeof Enrollment>;

export const EnrollmentList = lazily(() =>
  z.object({
    enrollments: z.array(Enrollment),
    total: z.int().nonnegative().meta({ description: 'Requests in this state, on all pages.' }),
    limit: z.int(),
    offset: z.int().nonnegative(),
  }),
);
export type EnrollmentList = z.infer<typeof EnrollmentList>;

export const EnrollmentQuery = lazily(() =>
  z.strictObject({
    state: z.enum([...ENROLLMENT_STATES, 'all']).optional(),
    limit: wholeNumber(1, 1_000).optional().meta({ description: 'Requests on a page; 100 when absent.' }),
    offset: wholeNumber(0, 10_000_000).optional(),
  }),
);
export type EnrollmentQuery = z.infer<typeof EnrollmentQuery>;

/** Body of an approval. `replace` hands an existing host's record to this request. */
export const ApproveRequest = lazily(() =>
  z.strictObject({
    code: z.string().max(64).optional(),
    replace: z.boolean().optional(),
  }),
);
export type ApproveRequest = z.infer<typeof ApproveRequest>;

/** Body of a refusal; the code, when typed, lets the agent trust the refusal. */
export const DenyRequest = lazily(() =>
  z.strictObject({
    reason: z.string().max(500).optional(),
    code: z.string().max(64).optional(),
  }),
);
export type DenyRequest = z.infer<typeof DenyRequest>;
