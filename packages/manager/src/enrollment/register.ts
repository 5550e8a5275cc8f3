import { type EnrollAccepted, type EnrollRequest, PatchError } from '@linux-patch/contract';
import { addressPrefix, type RequestFacts, verifyProof } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { type Claim, readClaim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import { createRequest, type NewToken, type ProofId } from './create-request.ts';
import { registerOlder } from './register-older.ts';
import { tidy } from './tidy.ts';
import { createPollingToken, hashToken } from './token.ts';
import { applyToken, judgeToken } from './token-admission.ts';

/** Seconds an agent may ask to be held. */
export const MAX_WAIT_S = 50;
const POLL_AFTER_S = 60;
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
  if (!ext) return { polling_token: await registerOlder(context, claim) };
  const key = await readCertificateRequest(ext.csr, 'body.ext.csr');
  const proof = readProof(context, registration, key);
  const row = await inTransaction(context.db, async (db) => {
    await tidy(context, db);
    const known = await findLive(context, db, key);
    // An approved request needs no token any more, and asking again must not cost another use.
    const judged = known?.state === 'approved' ? undefined : await judgeToken(context, db, { claim, key });
    const token = known
      ? await takeUp(context, db, known, { claim, proof })
      : await createRequest(context, db, { claim, key, proof, admitted: judged?.kind === 'accepted' });
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
  again: { readonly claim: Claim; readonly proof: ProofId | undefined },
): Promise<NewToken> {
  const token = createPollingToken(context.random);
  const usedProofs = useProof(known, again.proof);
  await db
    .updateTable('enrollments')
    .set({
      token_hash: hashToken(token),
      used_proofs: usedProofs,
      ...(known.state === 'pending'
        ? { ...again.claim, caller: addressPrefix(again.claim.observed_address) }
        : {}),
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
    stranger: again.claim.observed_address,
  });
  return { id: known.id, token, nonceM: known.nonce_m };
}
