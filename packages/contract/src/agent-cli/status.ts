import { z } from 'zod';
import { CRL_STATUSES, IDENTITY_TRUSTS, KEY_ORIGINS } from '../agent-api/health.ts';
import { JOIN_TOKEN_VERDICTS, JoinTokenId, MANAGER_PROOFS } from '../enrollment.ts';
import { HostJobKey } from '../job-key.ts';

const Instant = z.iso.datetime();

const StatusIdentity = z.object({
  /** `valid`, `expiring_soon`, or what is wrong: `missing`, `corrupt`, `expired`, `not_yet_valid`, `key_mismatch`, `untrusted`. */
  status: z.string(),
  message: z.string(),
  serial: z.string().nullable(),
  subject: z.string().nullable(),
  issuer: z.string().nullable(),
  /** SHA-256 of the certificate. */
  fingerprint: z.string().nullable(),
  not_before: Instant.nullable(),
  not_after: Instant.nullable(),
  /** Whole days until the certificate expires; negative afterwards. */
  days_left: z.int().nullable(),
  ca_not_after: Instant.nullable(),
  /** How the agent came to trust its manager. */
  trust: z.enum(IDENTITY_TRUSTS),
  /** The CA that vouched for the manager's connection at enrolment, where there was one. */
  trust_issuer: z.string().nullable(),
  key_origin: z.enum(KEY_ORIGINS),
  installed_at: Instant.nullable(),
  /** Common name of the client certificate that may call, as learned at enrolment. */
  manager_client: z.string().nullable(),
  /** Whether the revocation list at hand names this certificate. */
  revoked: z.boolean(),
});

const StatusEnrollment = z.object({
  state: z.string(),
  manager_url: z.string(),
  key_id: z.string(),
  /** What an administrator types to approve this host. The only secret that is ever shown, and only here. */
  host_code: z.string().nullable(),
  /** The join token that was shown to the manager and what became of it; `ignored`: the manager knows none. */
  join_token: z
    .object({ id: JoinTokenId, verdict: z.enum([...JOIN_TOKEN_VERDICTS, 'ignored']).nullable() })
    .nullable(),
  /** What proves the manager, and the CA that vouches for the connection; null before that is settled. */
  manager_proof: z.object({ by: z.enum(MANAGER_PROOFS), issuer: z.string().nullable() }).nullable(),
  waiting_since: Instant,
  waiting_seconds: z.int().nonnegative(),
  last_poll_at: Instant.nullable(),
  next_attempt_at: Instant.nullable(),
  last_error: z.string().nullable(),
});

const StatusRenewal = z.object({
  /** The instant that was drawn for this certificate; the manager or its absence can move what really happens. */
  due_at: Instant,
  due: z.boolean(),
  /** When the agent tries next; null when it has noted nothing about this certificate. */
  next_attempt_at: Instant.nullable(),
  failures: z.int().nonnegative(),
  /** The newest attempt, when it failed. */
  last_error: z.string().nullable(),
  last_failed_at: Instant.nullable(),
  /** The manager says that another machine holds this certificate as well. */
  forked: z.boolean(),
});

const StatusCrl = z.object({
  status: z.enum(CRL_STATUSES),
  message: z.string(),
  this_update: Instant.nullable(),
  next_update: Instant.nullable(),
  revoked: z.int().nonnegative(),
});

/** What `status --json` prints. Members may be added; none changes its meaning. */
export const AgentStatus = z.object({
  v: z.literal(1),
  version: z.string(),
  config_file: z.string(),
  manager_url: z.string().nullable(),
  /** Where the manager may connect from besides the allow list, as learned when the host joined. */
  manager_addresses: z.array(z.string()),
  /** Processes of the service that work with these folders. */
  agent: z.object({ running: z.boolean(), pids: z.array(z.int()) }),
  identity: StatusIdentity,
  renewal: StatusRenewal.nullable(),
  crl: StatusCrl.nullable(),
  /** Which key signs the changes that this host does; null where that cannot be read, and nothing is done then. */
  job_key: HostJobKey.nullable(),
  clock: z.object({
    now: Instant,
    /** `ok`; `suspect` when it contradicts only what this host wrote; `bad` when it contradicts what others signed. */
    state: z.enum(['ok', 'suspect', 'bad']),
    message: z.string().nullable(),
  }),
  enrollment: StatusEnrollment.nullable(),
  /** What is not as it should be, by the codes of `doctor`; empty when all is well. */
  degraded: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type AgentStatus = z.infer<typeof AgentStatus>;
