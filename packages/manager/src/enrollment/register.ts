import { type EnrollAccepted, type EnrollRequest, PatchError } from '@linux-patch/contract';
import { type RequestFacts, verifyProof } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { type Claim, readClaim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import { tidy } from './tidy.ts';
import { createPollingToken, hashToken } from './token.ts';
import { applyToken, judgeToken } from './token-admission.ts';

/** Seconds an agent may ask to be held. */
export const MAX_WAIT_S = 50;
const POLL_AFTER_S = 60;
const HOUR_MS = 3_600_000;
const FULL_RETRY_S = 300;
/** Proofs remembered per request; more than a host makes within the life of one. */
const MAX_REMEMBERED_PROOFS = 256;

/** A registration as it came in. */
export interface Registration {
  readonly request: EnrollRequest;
  /** The body exactly as it was sent, for the proof. */
  readonly body: string;
  readonly proof: string | undefined;
  readonly path: string;
  readonly observedAddress: string;
}

/** What identifies a proof; its signature does not, because one can be rewritten without the key. */
type ProofId = string;

/**
 * The id of a registration's proof; undefined when there is none.
 * @throws PatchError `UNAUTHORIZED` for one that does not fit the key.
 */
function readProof(
  context: EnrollmentContext,
  registration: Registration,
  key: RequestFacts,
): ProofId | undefined {
  if (registration.proof === undefined) return undefined;
  const verdict = verifyProof({
    header: registration.proof,
    spki: key.spki,
    label: 'lpe1/enroll',
    method: 'POST',
    path: registration.path,
    token: '',
    body: registration.body,
    nowS: Math.floor(context.clock.now() / 1000),
    // A host whose clock is wrong may still ask to join; instead of its age, each proof works once.
    toleranceS: 10 * 365 * 86_400,
  });
  const id = /ts=\d+; ?n=[\w-]+/.exec(registration.proof)?.[0];
  if (verdict === 'ok' && id !== undefined) return id.replace(' ', '');
  throw new PatchError('UNAUTHORIZED', 'The proof does not fit the key of the request.');
}

/**
 * Takes a request to join. The same key asking again, with proof, gets a new token for the same request; another
 * key for the same machine is a new request beside it.
 *
 * @throws PatchError `INVALID_REQUEST`, `UNAUTHORIZED`, `ENROLLMENT_CONFLICT`, `FORBIDDEN`, `RATE_LIMIT_EXCEEDED`
 */
export async function register(
  context: EnrollmentContext,
  registration: Registration,
): Promise<EnrollAccepted> {
  const claim = readClaim(registration, context.authority.nameRules);
  const { ext } = registration.request;
  if (!ext) return { polling_token: (await registerOlder(context, claim)).token };
  const key = await readCertificateRequest(ext.csr, 'body.ext.csr');
  const proof = readProof(context, registration, key);
  const row = await inTransaction(context.db, async (db) => {
    await tidy(context, db);
    const known = await findLive(context, db, key);
    // An approved request needs no token any more, and asking again must not cost another use.
    const judged = known?.state === 'approved' ? undefined : await judgeToken(context, db, { claim, key });
    const token = known
      ? await takeUp(context, db, known, { claim, proof })
      : await create(context, db, { claim, key, proof, admitted: judged?.kind === 'accepted' });
    const verdict = judged
      ? await applyToken(context, db, token.id, judged)
      : ext.token_id !== undefined && known?.join_token === ext.token_id
        ? (known.join_token_verdict ?? undefined)
        : undefined;
    return { ...token, verdict };
  });
  if (row.verdict === 'accepted') context.waiting.wake(row.id);
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
      need: row.verdict === 'accepted' ? 'token' : ext.modes.includes('click') ? 'click' : 'code',
      key_id: key.keyId,
      ...(row.verdict === undefined ? {} : { token: row.verdict }),
    },
  };
}

/** The request of this key that waits, or whose answer waits. */
function findLive(
  context: EnrollmentContext,
  db: Database,
  key: RequestFacts,
): Promise<EnrollmentRow | undefined> {
  return db
    .selectFrom('enrollments')
    .selectAll()
    .where('spki_sha256', '=', key.spkiSha256)
    .where('state', 'in', ['pending', 'approved'])
    .where('expires_at', '>=', context.clock.now())
    .executeTakeFirst();
}

interface Token {
  readonly id: string;
  readonly token: string;
  readonly nonceM: string;
}

/** The proofs of a request together with a new one that only the owner of its key can have made just now. */
function useProof(known: EnrollmentRow, proof: ProofId | undefined): string {
  const used = JSON.parse(known.used_proofs) as ProofId[];
  if (proof !== undefined && !used.includes(proof))
    return JSON.stringify([...used, proof].slice(-MAX_REMEMBERED_PROOFS));
  throw new PatchError(
    'ENROLLMENT_CONFLICT',
    'A request with this key is waiting already; only the owner of the key can take it up again, with a proof made for it.',
  );
}

/** A new token for a known request; a waiting one also takes the newer facts. */
async function takeUp(
  context: EnrollmentContext,
  db: Database,
  known: EnrollmentRow,
  again: { readonly claim: Claim; readonly proof?: ProofId | undefined },
): Promise<Token> {
  const token = createPollingToken(context.random);
  const usedProofs = known.spki === null ? known.used_proofs : useProof(known, again.proof);
  await db
    .updateTable('enrollments')
    .set({
      token_hash: hashToken(token),
      used_proofs: usedProofs,
      ...(known.state === 'pending' ? again.claim : {}),
    })
    .where('id', '=', known.id)
    .execute();
  await context.audit.record(db, {
    actor: known.key_id ?? 'agent',
    event: 'enrollment_taken_up',
    fields: {
      enrollment: known.id,
      fqdn: again.claim.fqdn,
      ip_address: again.claim.ip_address,
      observed_address: again.claim.observed_address,
    },
  });
  return { id: known.id, token, nonceM: known.nonce_m };
}

interface Newcomer {
  readonly claim: Claim;
  readonly key?: RequestFacts;
  readonly proof?: ProofId | undefined;
  /** A join token lets this host in at once, so it does not wait in the queue. */
  readonly admitted?: boolean;
}

function newRow(
  { random, clock, settings }: EnrollmentContext,
  { claim, key, proof }: Newcomer,
  token: string,
): EnrollmentRow {
  const now = clock.now();
  return {
    id: random.uuid(),
    token_hash: hashToken(token),
    state: 'pending',
    ...claim,
    spki: key?.spki ?? null,
    spki_sha256: key?.spkiSha256 ?? null,
    key_id: key?.keyId ?? null,
    nonce_m: Buffer.from(random.bytes(32)).toString('base64url'),
    used_proofs: JSON.stringify(proof === undefined ? [] : [proof]),
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
    join_token: null,
    join_token_verdict: null,
    join_token_at: null,
  };
}

async function create(context: EnrollmentContext, db: Database, newcomer: Newcomer): Promise<Token> {
  const token = createPollingToken(context.random);
  const row = newRow(context, newcomer, token);
  const { waiting } = await db
    .selectFrom('enrollments')
    .select((select) => select.fn.countAll<number>().as('waiting'))
    .where('state', '=', 'pending')
    .executeTakeFirstOrThrow();
  if (waiting >= context.settings.maxPending && !newcomer.admitted) {
    throw new PatchError('RATE_LIMIT_EXCEEDED', 'Too many hosts are waiting for approval; ask again later.', {
      details: { retry_after_seconds: FULL_RETRY_S },
    });
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
      generation: newcomer.key ? 'current' : 'older',
    },
  });
  return { id: row.id, token, nonceM: row.nonce_m };
}

/**
 * The older generation: no key, no proof. Only a request that says the same and comes from the same address is the
 * same request; whatever differs is another one beside it, so that nobody changes what an administrator looks at.
 */
async function registerOlder(context: EnrollmentContext, claim: Claim): Promise<Token> {
  if (!context.settings.allowLegacyAgents) {
    throw new PatchError(
      'FORBIDDEN',
      'This manager takes only agents that make their own key (enrollment.allow_legacy_agents is false). Update the agent.',
    );
  }
  return inTransaction(context.db, async (db) => {
    await tidy(context, db);
    const known = await db
      .selectFrom('enrollments')
      .selectAll()
      .where('machine_id', '=', claim.machine_id)
      .where('state', '=', 'pending')
      .where('extension', 'is', null)
      .where('observed_address', '=', claim.observed_address)
      .where('fqdn', '=', claim.fqdn)
      .where('ip_address', '=', claim.ip_address)
      .executeTakeFirst();
    return known ? takeUp(context, db, known, { claim }) : create(context, db, { claim });
  });
}
