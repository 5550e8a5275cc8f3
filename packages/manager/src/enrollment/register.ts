import { type EnrollAccepted, type EnrollRequest, PatchError } from '@linux-patch/contract';
import { parseRequest, type RequestFacts, verifyProof } from '@linux-patch/pki';
import type { EnrollmentRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import { createPollingToken, hashToken } from './token.ts';

/** Seconds an agent may ask to be held. */
export const MAX_WAIT_S = 50;
const POLL_AFTER_S = 60;
const HOUR_MS = 3_600_000;
const FULL_RETRY_S = 300;

/** A registration as it came in. */
export interface Registration {
  readonly request: EnrollRequest;
  /** The body exactly as it was sent, for the proof. */
  readonly body: string;
  readonly proof: string | undefined;
  readonly path: string;
  readonly observedAddress: string;
}

type Proof = 'ok' | 'absent' | 'wrong';

function checkProof(context: EnrollmentContext, registration: Registration, key: RequestFacts): Proof {
  if (registration.proof === undefined) return 'absent';
  const verdict = verifyProof({
    header: registration.proof,
    spki: key.spki,
    label: 'lpe1/enroll',
    method: 'POST',
    path: registration.path,
    token: '',
    body: registration.body,
    nowS: Math.floor(context.clock.now() / 1000),
    // A host whose clock is wrong may still ask to join; the nonce and the body bind the proof.
    toleranceS: 10 * 365 * 86_400,
  });
  return verdict === 'ok' ? 'ok' : 'wrong';
}

/**
 * Takes a request to join. The same key asking again, with proof, gets a new token for the same request; another
 * key for the same machine is a new request beside it.
 *
 * @throws PatchError `PKI_REQUEST_REJECTED`, `UNAUTHORIZED`, `ENROLLMENT_CONFLICT`, `FORBIDDEN`, `RATE_LIMIT_EXCEEDED`
 */
export async function register(
  context: EnrollmentContext,
  registration: Registration,
): Promise<EnrollAccepted> {
  await forgetExpired(context);
  const { ext } = registration.request;
  if (!ext) return registerOlder(context, registration);
  const key = await parseRequest(ext.csr);
  const proof = checkProof(context, registration, key);
  if (proof === 'wrong')
    throw new PatchError('UNAUTHORIZED', 'The proof does not fit the key of the request.');
  const known = await context.db
    .selectFrom('enrollments')
    .selectAll()
    .where('spki_sha256', '=', key.spkiSha256)
    .where('state', 'in', ['pending', 'approved'])
    .executeTakeFirst();
  if (known && proof !== 'ok') {
    throw new PatchError(
      'ENROLLMENT_CONFLICT',
      'A request with this key is waiting already; only the owner of the key can take it up again.',
    );
  }
  const row = known ? await takeUp(context, registration, known) : await create(context, registration, key);
  return {
    polling_token: row.token,
    ext: {
      v: 1,
      request_id: row.id,
      nonce_m: row.nonceM,
      poll_after: POLL_AFTER_S,
      max_wait: MAX_WAIT_S,
      expires_in: context.settings.requestHours * 3600,
      ca_spki_sha256: context.authority.caFingerprint.replace('sha256:', ''),
      need: ext.modes.includes('click') ? 'click' : 'code',
      key_id: key.keyId,
    },
  };
}

interface Token {
  readonly id: string;
  readonly token: string;
  readonly nonceM: string;
}

/** A new token for a known request; a waiting one also takes the newer facts. */
async function takeUp(
  context: EnrollmentContext,
  registration: Registration,
  known: EnrollmentRow,
): Promise<Token> {
  const token = createPollingToken(context.random);
  const facts = known.state === 'pending' ? factsOf(registration) : {};
  await context.db.transaction().execute(async (db) => {
    await db
      .updateTable('enrollments')
      .set({ token_hash: hashToken(token), ...facts })
      .where('id', '=', known.id)
      .execute();
    await context.audit.record(db, {
      actor: known.key_id ?? 'agent',
      event: 'enrollment_taken_up',
      fields: { enrollment: known.id, fqdn: known.fqdn, observed_address: registration.observedAddress },
    });
  });
  return { id: known.id, token, nonceM: known.nonce_m };
}

function factsOf({ request, observedAddress }: Registration) {
  return {
    machine_id: request.machine_id,
    fqdn: request.fqdn.toLowerCase(),
    hostname: request.hostname ?? null,
    ip_address: request.ip_address,
    observed_address: observedAddress,
    os_details: JSON.stringify(request.os_details),
    extension: request.ext ? JSON.stringify(request.ext) : null,
  };
}

async function create(
  context: EnrollmentContext,
  registration: Registration,
  key?: RequestFacts,
): Promise<Token> {
  const { clock, random, settings } = context;
  const token = createPollingToken(random);
  const now = clock.now();
  const row: EnrollmentRow = {
    id: random.uuid(),
    token_hash: hashToken(token),
    state: 'pending',
    ...factsOf(registration),
    spki: key?.spki ?? null,
    spki_sha256: key?.spkiSha256 ?? null,
    key_id: key?.keyId ?? null,
    nonce_m: Buffer.from(random.bytes(32)).toString('base64url'),
    created_at: now,
    expires_at: now + settings.requestHours * HOUR_MS,
    last_poll_at: null,
    decided_at: null,
    decided_by: null,
    code_verified: 0,
    failed_codes: 0,
    locked_until: null,
    deny_reason: null,
    deny_tag: null,
    host_id: null,
    bundle: null,
    serial: null,
  };
  await context.db.transaction().execute(async (db) => {
    const { waiting } = await db
      .selectFrom('enrollments')
      .select((select) => select.fn.countAll<number>().as('waiting'))
      .where('state', '=', 'pending')
      .executeTakeFirstOrThrow();
    if (waiting >= settings.maxPending) {
      throw new PatchError(
        'RATE_LIMIT_EXCEEDED',
        'Too many hosts are waiting for approval; ask again later.',
        {
          details: { retry_after_seconds: FULL_RETRY_S },
        },
      );
    }
    await db.insertInto('enrollments').values(row).execute();
    await context.audit.record(db, {
      actor: row.key_id ?? 'agent',
      event: 'enrollment_requested',
      fields: {
        enrollment: row.id,
        fqdn: row.fqdn,
        ip_address: row.ip_address,
        observed_address: row.observed_address,
        generation: key ? 'current' : 'older',
      },
    });
  });
  return { id: row.id, token, nonceM: row.nonce_m };
}

/** The older generation: no key, no proof; the machine-id and the address it comes from are all there is. */
async function registerOlder(
  context: EnrollmentContext,
  registration: Registration,
): Promise<EnrollAccepted> {
  if (!context.settings.allowLegacyAgents) {
    throw new PatchError(
      'FORBIDDEN',
      'This manager takes only agents that make their own key (enrollment.allow_legacy_agents is false). Update the agent.',
    );
  }
  const known = await context.db
    .selectFrom('enrollments')
    .selectAll()
    .where('machine_id', '=', registration.request.machine_id)
    .where('state', '=', 'pending')
    .where('extension', 'is', null)
    .where('observed_address', '=', registration.observedAddress)
    .executeTakeFirst();
  const row = known ? await takeUp(context, registration, known) : await create(context, registration);
  return { polling_token: row.token };
}

/** Requests that nobody decided in time are forgotten; decided ones stay for the record. */
async function forgetExpired(context: EnrollmentContext): Promise<void> {
  await context.db
    .deleteFrom('enrollments')
    .where('state', '=', 'pending')
    .where('expires_at', '<', context.clock.now())
    .execute();
}
