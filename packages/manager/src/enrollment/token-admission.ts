import { isPatchError, type JoinTokenVerdict } from '@linux-patch/contract';
import { equalTags, joinTokenTag, type RequestFacts } from '@linux-patch/pki';
import { isRevokedForCause } from '../certificates/revoked-keys.ts';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow, HostRow, JoinTokenRow } from '../database/schema.ts';
import { fitsHostPattern } from '../join-tokens/host-pattern.ts';
import { overReason } from '../join-tokens/store.ts';
import { admit, subjectOf } from './admit.ts';
import type { Claim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import type { SharedSecret } from './host-code.ts';
import { findHost } from './host-record.ts';
import { getRow } from './row.ts';
import { extensionOf, storedTranscriptHash } from './transcript.ts';

/** What a join token is worth for a request; nothing has been changed yet. */
export type JudgedToken =
  | { readonly kind: 'refused'; readonly id: string; readonly verdict: JoinTokenVerdict }
  | {
      readonly kind: 'accepted';
      readonly id: string;
      readonly secret: SharedSecret;
      /** The record of this very key, when its certificate never arrived. */
      readonly known: HostRow | undefined;
      /** This key has used the token before, under this name. */
      readonly again: boolean;
    };

interface Asking {
  readonly claim: Claim;
  readonly key: RequestFacts;
}

/** Judges the token that came with a request; undefined when none came. */
export async function judgeToken(
  context: EnrollmentContext,
  db: Database,
  { claim, key }: Asking,
): Promise<JudgedToken | undefined> {
  const extension = extensionOf(claim);
  const { token_id: id, token_mac: mac } = extension ?? {};
  if (!extension || id === undefined || mac === undefined) return undefined;
  const token = await db.selectFrom('join_tokens').selectAll().where('id', '=', id).executeTakeFirst();
  if (!token) return { kind: 'refused', id, verdict: 'unknown' };
  const transcriptHash = storedTranscriptHash({ ...claim, spki_sha256: key.spkiSha256 }, extension);
  // Only who has the token hears more than that it does not fit.
  if (!equalTags(joinTokenTag(token.verifier, transcriptHash), mac))
    return { kind: 'refused', id, verdict: 'wrong_proof' };
  const again = await hasUsed(db, token, { claim, key });
  const over = overReason(token, context.clock.now());
  if (over && !(over === 'spent' && again)) return { kind: 'refused', id, verdict: over };
  if (token.hosts !== null && !fitsHostPattern(token.hosts, claim.fqdn))
    return { kind: 'refused', id, verdict: 'wrong_host' };
  // A key that was revoked for cause comes back by no token: whoever stole it may hold the token too.
  const found = (await isRevokedForCause(db, key.spkiSha256))
    ? 'taken'
    : await findFreeRecord(context, db, claim, again);
  if (found === 'taken') return { kind: 'refused', id, verdict: 'host_conflict' };
  const secret: SharedSecret = { by: 'token', key: token.verifier, transcriptHash };
  return { kind: 'accepted', id, secret, known: found, again };
}

async function hasUsed(db: Database, token: JoinTokenRow, { claim, key }: Asking): Promise<boolean> {
  const use = await db
    .selectFrom('join_token_uses')
    .select('used_at')
    .where('token_id', '=', token.id)
    .where('spki_sha256', '=', key.spkiSha256)
    .where('fqdn', '=', claim.fqdn)
    .executeTakeFirst();
  return use !== undefined;
}

/**
 * A token vouches for a new host, never for being one that is known already: names, addresses and machine-ids are no
 * secrets. Taking over a record is for an administrator to decide, but for a key that this token let in before.
 */
async function findFreeRecord(
  context: EnrollmentContext,
  db: Database,
  claim: Claim,
  again: boolean,
): Promise<HostRow | undefined | 'taken'> {
  const sameMachine = await db
    .selectFrom('hosts')
    .select('id')
    .where('machine_id', '=', claim.machine_id)
    .where('fqdn', '!=', claim.fqdn)
    .where('left_at', 'is', null)
    .executeTakeFirst();
  if (sameMachine) return 'taken';
  try {
    return await findHost(context, db, claim, { replace: false, verified: again });
  } catch (error) {
    if (isPatchError(error, 'HOST_CONFLICT')) return 'taken';
    throw error;
  }
}

/**
 * Writes down what a token is worth for a waiting request; a good one lets the host in, in the caller's transaction, and
 * is counted once per key and name.
 */
export async function applyToken(
  context: EnrollmentContext,
  db: Database,
  requestId: string,
  judged: JudgedToken,
): Promise<JoinTokenVerdict> {
  const row = await getRow(db, requestId);
  if (judged.kind === 'refused') {
    await noteVerdict(context, db, row, judged);
    return judged.verdict;
  }
  const used = judged.again ? await getToken(db, judged.id) : await spend(context, db, row, judged.id);
  if (!used) {
    await noteVerdict(context, db, row, { ...judged, verdict: 'spent' });
    return 'spent';
  }
  await db
    .updateTable('enrollments')
    .set({ join_token: judged.id, join_token_verdict: 'accepted', join_token_at: context.clock.now() })
    .where('id', '=', row.id)
    .execute();
  const actor = `token:${judged.id}`;
  await context.audit.record(db, {
    actor,
    event: 'join_token_used',
    fields: { ...subjectOf(row), token: judged.id, used: used.used, uses: used.uses },
  });
  const { secret: proof, known } = judged;
  const token = { ...used, again: judged.again };
  await admit(context, db, await getRow(db, row.id), { actor, proof, known, token });
  return 'accepted';
}

function getToken(db: Database, id: string): Promise<JoinTokenRow | undefined> {
  return db.selectFrom('join_tokens').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Counts one use, if there is one left: the database decides, so that two requests never share the last one. */
async function spend(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  id: string,
): Promise<JoinTokenRow | undefined> {
  const now = context.clock.now();
  const token = await db
    .updateTable('join_tokens')
    .set((update) => ({ used: update('used', '+', 1) }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .whereRef('used', '<', 'uses')
    .returningAll()
    .executeTakeFirst();
  if (!token) return undefined;
  const use = { token_id: id, spki_sha256: row.spki_sha256 ?? '', fqdn: row.fqdn };
  await db
    .insertInto('join_token_uses')
    .values({ ...use, enrollment_id: row.id, used_at: now })
    .execute();
  return token;
}

async function noteVerdict(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  { id, verdict }: { readonly id: string; readonly verdict: JoinTokenVerdict },
): Promise<void> {
  if (row.join_token === id && row.join_token_verdict === verdict) return;
  await db
    .updateTable('enrollments')
    .set({ join_token: id, join_token_verdict: verdict, join_token_at: context.clock.now() })
    .where('id', '=', row.id)
    .execute();
  await context.audit.record(db, {
    actor: row.key_id ?? 'agent',
    event: 'join_token_refused',
    fields: { ...subjectOf(row), token: id, verdict },
    stranger: row.observed_address,
  });
}
