import { join } from 'node:path';
import { JOIN_TOKEN_VERDICTS, JobKeyOffer, JoinTokenId, lazily, MANAGER_PROOFS } from '@linux-patch/contract';
import {
  createHostCode,
  type EnrollmentTranscript,
  generateKey,
  keyId,
  publicKeySpki,
  spkiSha256,
} from '@linux-patch/pki';
import type { Clock, Files, Random } from '@linux-patch/runtime';
import { HostBinding } from '@linux-patch/worker';
import { z } from 'zod';
import type { HostIdentity } from '../../host/host-identity.ts';

/** What an enrolment is doing, in one word for status lines. */
const ENROLLMENT_STATES = [
  'starting',
  'registering',
  'waiting',
  'installing',
  'needs_person',
  'retrying',
] as const;

/** The job key that comes with an approval: it counts once the certificates of that approval are installed. */
const PendingJobKey = z.object({
  /** Null for a manager that has none. */
  offer: JobKeyOffer.nullable(),
  /** CAs that may vouch for it, PEM. */
  roots: z.string(),
});
export type PendingJobKey = z.infer<typeof PendingJobKey>;

/** An enrolment under way, kept across restarts. The key lies beside the certificates. */
export const PendingEnrollment = lazily(() =>
  z.object({
    v: z.literal(1),
    manager_url: z.string(),
    created_at: z.iso.datetime(),
    machine_id: z.string(),
    fqdn: z.string(),
    hostname: z.string(),
    ip_address: z.string(),
    spki_sha256: z.string(),
    key_id: z.string(),
    nonce_a: z.string(),
    host_code: z.string(),
    /** Which generation of managers answered the registration. */
    generation: z.enum(['current', 'older']).nullable(),
    /** Whether the manager ever spoke the extension; then an answer without it comes from somebody else. */
    extension_seen: z.boolean().default(false),
    /** SHA-256 of the key that an unverified TLS peer showed when it took the request. */
    peer_spki: z.string().nullable().default(null),
    /** What proves the manager, and the CA that vouches for the connection. */
    trust: z
      .object({ by: z.enum(MANAGER_PROOFS), issuer: z.string().nullable() })
      .nullable()
      .default(null),
    /** The token was found in the configuration without a state: an agent of the older generation asked. */
    adopted: z.boolean().default(false),
    /** The host that asked; a copy of this state on another one makes a request of its own. */
    host: HostBinding.nullable().default(null),
    /** Key id of the identity of another host that lies on this one. */
    clone_of: z.string().nullable().default(null),
    /** The join token this enrolment shows: its id, the key derived from its secret (base64url), and what became of it. */
    join_token: z
      .object({
        id: JoinTokenId,
        key: z.string(),
        verdict: z.enum([...JOIN_TOKEN_VERDICTS, 'ignored']).nullable(),
      })
      .nullable()
      .default(null),
    /** A refusal came that nothing proved; the next start asks once more with the same key. */
    denial_unproven: z.boolean().default(false),
    /** Serial number of the proven certificate whose install has begun; a crash may have cut it off. */
    installing_serial: z.string().nullable().default(null),
    job_key: PendingJobKey.nullable().default(null),
    /** What the manager is asked with; null before it took the request. A secret. */
    polling_token: z.string().max(512).nullable().default(null),
    request_id: z.string().nullable(),
    nonce_m: z.string().nullable(),
    state: z.enum(ENROLLMENT_STATES),
    polls: z.int().nonnegative(),
    last_poll_at: z.iso.datetime().nullable(),
    next_attempt_at: z.iso.datetime().nullable(),
    last_error: z.string().nullable(),
  }),
);
export type PendingEnrollment = z.infer<typeof PendingEnrollment>;

/** Where the pending state lies. */
export interface PendingPlaces {
  readonly stateFile: string;
  readonly keyFile: string;
}

/** The fixed places under the data folder and beside the certificates. */
export function pendingPlaces(dataFolder: string, certificatesFolder: string): PendingPlaces {
  return {
    stateFile: join(dataFolder, 'enrollment.json'),
    keyFile: join(certificatesFolder, 'pending.key.pem'),
  };
}

/** Reads the pending state; broken or foreign content counts as none, because a new request can always be made. */
export async function readPending(
  files: Files,
  places: PendingPlaces,
): Promise<PendingEnrollment | undefined> {
  const text = await files.readText(places.stateFile);
  if (text === undefined) return undefined;
  try {
    return PendingEnrollment.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Writes the pending state durably, readable by root only. */
export async function writePending(
  files: Files,
  places: PendingPlaces,
  pending: PendingEnrollment,
): Promise<void> {
  await files.writeDurably({
    path: places.stateFile,
    data: `${JSON.stringify(pending, null, 2)}\n`,
    mode: 0o600,
  });
}

/** Forgets the pending enrolment, key included. */
export async function removePending(files: Files, places: PendingPlaces): Promise<void> {
  await files.remove(places.stateFile);
  await files.remove(places.keyFile);
}

/** A fresh key, nonce and host code, on disk before the network is used. */
export async function createPending(options: {
  readonly files: Files;
  readonly places: PendingPlaces;
  readonly clock: Clock;
  readonly random: Random;
  readonly managerUrl: string;
  readonly identity: HostIdentity;
  readonly binding: HostBinding;
  readonly cloneOf: string | undefined;
}): Promise<{ readonly pending: PendingEnrollment; readonly keyPem: string }> {
  const { files, places, identity, random } = options;
  const keyPem = await generateKey();
  const spki = publicKeySpki(keyPem);
  const pending = PendingEnrollment.parse({
    v: 1,
    manager_url: options.managerUrl,
    created_at: new Date(options.clock.now()).toISOString(),
    machine_id: identity.machineId,
    fqdn: identity.fqdn,
    hostname: identity.hostname,
    ip_address: identity.ipAddress,
    spki_sha256: spkiSha256(spki),
    key_id: keyId(spki),
    nonce_a: Buffer.from(random.bytes(32)).toString('base64url'),
    host_code: createHostCode(random.bytes(10)),
    generation: null,
    host: options.binding,
    clone_of: options.cloneOf ?? null,
    request_id: null,
    nonce_m: null,
    state: 'starting',
    polls: 0,
    last_poll_at: null,
    next_attempt_at: null,
    last_error: null,
  } satisfies z.input<typeof PendingEnrollment>);
  await files.makeFolder(join(places.keyFile, '..'), 0o755);
  await files.makeFolder(join(places.stateFile, '..'), 0o700);
  await files.writeDurably({ path: places.keyFile, data: keyPem, mode: 0o600 });
  await writePending(files, places, pending);
  return { pending, keyPem };
}

/** The facts that both sides hash (enrolment extension, version 1). */
export function transcriptOf(pending: PendingEnrollment): EnrollmentTranscript {
  return {
    v: 1,
    machine_id: pending.machine_id,
    fqdn: pending.fqdn,
    ip_address: pending.ip_address,
    hostname: pending.hostname,
    spki_sha256: pending.spki_sha256,
    nonce_a: pending.nonce_a,
  };
}
