import { z } from 'zod';
import { JobKeyOffer } from './job-key.ts';
import { lazily } from './lazily.ts';
import { Line } from './text-bounds.ts';

/** Largest PEM member of a bundle, in characters; the validator refuses more. */
export const MAX_PEM_LENGTH = 65_536;
const Pem = z.string().max(MAX_PEM_LENGTH);
/** A PKCS#10 request as PEM; one with an RSA key of 8192 bits has 2.9 kB. */
const CertificateRequestPem = z.string().max(8_192);
/** A JWS with its certificate chain. */
const Proof = z.string().max(14_336);
const Base64Url = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9_-]+$/);

/** 64 letters and digits: the bearer credential of one request. */
export const PollingToken = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9]{64}$/, 'a polling token has 64 letters and digits');

/** Approvals that can convince an agent: by its own code, by its join token, or without either. */
export const APPROVAL_MODES = ['code', 'click', 'token'] as const;
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

/** What became of a join token: it let the host in, or why the request waits for an administrator all the same. */
export const JOIN_TOKEN_VERDICTS = [
  'accepted',
  /** No token of this id; it is from another manager, or from before a backup was restored. */
  'unknown',
  /** The proof does not fit the request, which was changed on the way, or whose sender does not have the token. */
  'wrong_proof',
  'spent',
  'expired',
  'revoked',
  /** The token is for hosts of other names. */
  'wrong_host',
  /** A host of this name, address or machine-id is known already; an administrator decides. */
  'host_conflict',
] as const;
export type JoinTokenVerdict = (typeof JOIN_TOKEN_VERDICTS)[number];

/** What proves the manager to a host that asks to join; `pin_later` where the CA can be compared only when it comes. */
export const MANAGER_PROOFS = ['ca_file', 'pin', 'pin_later', 'system', 'code', 'tofu'] as const;

/** Public name of a join token: derived from its secret, and no secret itself. */
export const JoinTokenId = z
  .string()
  .max(16)
  .regex(/^[0-9a-f]{16}$/, 'a token id has 16 hexadecimal digits');

/** The part of a registration that only managers of this generation read ("enroll-ext v1"). */
export const EnrollExtension = lazily(() =>
  z
    .object({
      v: z.literal(1),
      csr: CertificateRequestPem,
      nonce_a: Base64Url,
      tag_a: Base64Url.meta({ description: 'HMAC over the request, keyed by the stretched host code.' }),
      modes: z.array(z.enum(APPROVAL_MODES)).min(1).max(APPROVAL_MODES.length),
      token_id: JoinTokenId.optional().meta({ description: 'Which join token the host has.' }),
      token_mac: Base64Url.optional().meta({
        description: 'HMAC over the request, keyed by the join token, whose secret is never sent.',
      }),
      clone_of: z
        .string()
        .max(19)
        .regex(/^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}$/)
        .optional()
        .meta({ description: 'Key id of an identity of another host whose copy lies on this one.' }),
      manager_proof: z
        .object({ by: z.enum(MANAGER_PROOFS), issuer: z.string().min(1).max(256).optional() })
        .optional()
        .meta({
          description:
            'What proves the manager to this host, and the CA whose chain it believed. For people; nothing follows from it.',
        }),
    })
    .refine((ext) => (ext.token_id === undefined) === (ext.token_mac === undefined), {
      message: 'token_id and token_mac belong together',
      path: ['token_mac'],
    }),
);
export type EnrollExtension = z.infer<typeof EnrollExtension>;

/** Short text that any terminal can show: letters, digits, marks and signs of any script, and spaces. */
const OsFact = z
  .string()
  .max(128)
  .regex(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u)
  .optional()
  .catch(undefined);

/**
 * Facts about the operating system, under every name that some manager generation reads. What has another name or is no
 * short text is left out, because older agents send what they like and strangers do, too.
 */
export const OsDetails = lazily(() =>
  z.object({
    os: OsFact,
    name: OsFact,
    distro: OsFact,
    version: OsFact,
    version_id: OsFact,
    os_version: OsFact,
    id_like: OsFact,
    codename: OsFact,
    kernel: OsFact,
    architecture: OsFact,
    agent_port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .catch(undefined)
      .meta({ description: 'Port on which the agent listens; 12443 when absent.' }),
  }),
);
export type OsDetails = z.infer<typeof OsDetails>;

/** Body of `POST /api/v1/enroll`; unknown members are ignored, because other agent generations send their own. */
export const EnrollRequest = lazily(() =>
  z.object({
    machine_id: z.string().min(1).max(128),
    fqdn: z.string().min(1).max(253),
    ip_address: z.union([z.ipv4(), z.ipv6()]),
    hostname: z.string().max(253).nullish(),
    os_details: OsDetails,
    ext: EnrollExtension.optional(),
  }),
);
export type EnrollRequest = z.infer<typeof EnrollRequest>;

export const EnrollAcceptedExtension = lazily(() =>
  z.object({
    v: z.literal(1),
    request_id: z.uuid(),
    nonce_m: Base64Url,
    poll_after: z
      .number()
      .positive()
      .meta({ description: 'Seconds to wait between polls that were not held open.' }),
    max_wait: z
      .number()
      .nonnegative()
      .meta({ description: 'Seconds a poll may be held with `Prefer: wait`.' }),
    expires_in: z
      .number()
      .positive()
      .meta({ description: 'Seconds until an unanswered request is forgotten.' }),
    ca_spki_sha256: Base64Url,
    need: z.enum(APPROVAL_MODES),
    key_id: Line,
    token: z
      .enum(JOIN_TOKEN_VERDICTS)
      .optional()
      .meta({ description: 'What became of the join token, when one was shown.' }),
  }),
);
export type EnrollAcceptedExtension = z.infer<typeof EnrollAcceptedExtension>;

/** 202 of `POST /api/v1/enroll`. */
export const EnrollAccepted = z.object({
  polling_token: PollingToken,
  ext: EnrollAcceptedExtension.optional(),
});
export type EnrollAccepted = z.infer<typeof EnrollAccepted>;

/** Which client certificates the manager will call with. */
export const ManagerClient = lazily(() =>
  z.object({
    cn: z.string().min(1).max(64),
    issuer_spki: Base64Url,
    issuer_spkis: z.array(Base64Url).max(7).optional().meta({
      description: 'More issuers that count as well, while the CA is being replaced.',
    }),
  }),
);
export type ManagerClient = z.infer<typeof ManagerClient>;

/** When the manager, which knows what the rest of the fleet does, would like to see this certificate renewed. */
export const RenewWindow = z.object({ start: z.iso.datetime(), end: z.iso.datetime() });
export type RenewWindow = z.infer<typeof RenewWindow>;

export const ApprovedExtension = lazily(() =>
  z.object({
    v: z.literal(1),
    request_id: z.uuid(),
    manager_client: ManagerClient,
    tag_m: Base64Url.optional().meta({
      description:
        'HMAC over the bundle, present when the host code was typed or a join token let the host in.',
    }),
    tag_by: z
      .enum(['code', 'token'])
      .optional()
      .meta({ description: 'What `tag_m` is keyed by; `code` when absent.' }),
    renew_window: RenewWindow.optional().meta({
      description: 'A wish; an agent follows it only where it cannot harm.',
    }),
    job_key: JobKeyOffer.optional(),
  }),
);
export type ApprovedExtension = z.infer<typeof ApprovedExtension>;

/** What an approved agent receives; `server_key` only when the manager made the key. */
export const Bundle = lazily(() =>
  z.object({
    ca_crt: Pem,
    server_crt: Pem,
    server_key: Pem.optional(),
    ca_chain: Pem.optional(),
    crl_pem: Pem.optional(),
    ext: ApprovedExtension.optional(),
  }),
);
export type Bundle = z.infer<typeof Bundle>;

/** 200 of `GET /api/v1/enroll/status/{token}` as both manager generations send it. */
export const EnrollStatus = lazily(() =>
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('pending') }),
    z.object({ status: z.literal('approved') }).extend(Bundle.unwrap().shape),
    z.object({ status: z.literal('denied'), reason: Line.optional(), tag_m: Base64Url.optional() }),
    z.object({ status: z.literal('notfound') }),
  ]),
);
export type EnrollStatus = z.infer<typeof EnrollStatus>;

/** Body of `POST /api/v1/enroll/ack`. */
export const EnrollAck = lazily(() =>
  z.strictObject({
    request_id: z.uuid(),
    serial: z
      .string()
      .max(40)
      .regex(/^[0-9a-f]+$/),
    state: z.enum(['installed', 'rejected']),
    reason_code: z.string().max(64).optional(),
  }),
);
export type EnrollAck = z.infer<typeof EnrollAck>;

/** Body of `POST /api/v1/enroll/renew`; the proof is a JWS by the current key with its certificate in `x5c`. */
export const RenewRequest = z.strictObject({ csr: CertificateRequestPem, proof: Proof });
export type RenewRequest = z.infer<typeof RenewRequest>;

export const Renewed = lazily(() =>
  Bundle.unwrap().pick({ ca_crt: true, server_crt: true, ca_chain: true, crl_pem: true }).extend({
    manager_client: ManagerClient,
    renew_window: RenewWindow.optional(),
  }),
);
export type Renewed = z.infer<typeof Renewed>;

/** Body of `POST /api/v1/enroll/leave`; the proof is a JWS by the current key with its certificate in `x5c`. */
export const LeaveRequest = z.strictObject({ proof: Proof });
export type LeaveRequest = z.infer<typeof LeaveRequest>;

/** The manager has let the host go. Saying it again is answered the same, with nothing more revoked. */
export const Left = lazily(() =>
  z.object({
    fqdn: Line,
    revoked: z.int().nonnegative().meta({ description: 'Certificates revoked by this call.' }),
  }),
);
export type Left = z.infer<typeof Left>;

/**
 * Which CAs a host is to trust, and for whom: `PUT /api/v1/identity/trust` of the agent and `GET /api/v1/pki/trust` of
 * the manager. A root that the host does not have yet counts only when `ca_chain` holds a certificate for its key by
 * one that it has.
 */
export const TrustBundle = lazily(() =>
  z.object({
    ca_crt: Pem.meta({ description: 'Every root, and no other.' }),
    ca_chain: Pem.meta({ description: 'Issuing CAs, and roots as certified by older roots.' }),
    manager_client: ManagerClient,
    issuers: z.array(Base64Url).min(1).max(8).meta({
      description:
        'Keys of the CAs that issue to hosts now; a host whose certificate is by another renews it.',
    }),
    crl_pem: Pem.optional().meta({
      description:
        'The revocation list in force, by one of these CAs; the one at hand may be by a CA that goes.',
    }),
    job_key: JobKeyOffer.optional(),
  }),
);
export type TrustBundle = z.infer<typeof TrustBundle>;

/** What a host trusts and serves with, after it has taken a `TrustBundle`. */
export const TrustState = lazily(() =>
  z.object({
    roots: z
      .array(Line)
      .max(16)
      .meta({ description: 'Fingerprints (`sha256:…` of the key) of the CAs in ca.pem.' }),
    accepted_issuers: z
      .array(Line)
      .max(16)
      .meta({ description: "Keys of the CAs that the manager's client certificate may be from." }),
    certificate_serial: Line,
    certificate_issuer: Line.nullable().meta({ description: 'Key of the CA of its own certificate.' }),
    renewing: z.boolean().meta({ description: 'It gets a certificate from another CA now.' }),
    renewal_error: Line.optional().meta({ description: 'Why its last attempt at that failed.' }),
  }),
);
export type TrustState = z.infer<typeof TrustState>;

/** Names of the headers and values the protocol uses. */
export const ENROLL_HEADERS = {
  proof: 'enroll-proof',
  authorizationScheme: 'Enroll',
  prefer: 'prefer',
  preferenceApplied: 'preference-applied',
} as const;

/** Public paths of the manager. `statusSelf` takes the token in `Authorization: Enroll TOKEN`, never in the path. */
export const ENROLL_PATHS = {
  enroll: '/api/v1/enroll',
  status: '/api/v1/enroll/status',
  statusSelf: '/api/v1/enroll/status/self',
  ack: '/api/v1/enroll/ack',
  renew: '/api/v1/enroll/renew',
  leave: '/api/v1/enroll/leave',
  ca: '/api/v1/pki/ca.pem',
  crl: '/api/v1/pki/crl.pem',
  trust: '/api/v1/pki/trust',
  repoConfig: '/api/v1/pki/repo-config',
} as const;
