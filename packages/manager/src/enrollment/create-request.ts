import { HOUR_MS } from '@linux-patch/contract';
import { addressPrefix, type RequestFacts } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import type { Claim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import { makeRoom } from './queue.ts';
import { createPollingToken, hashToken } from './token.ts';

/** What identifies a proof; its signature does not, because one can be rewritten without the key. */
export type ProofId = string;

/** What the sender of a request gets, and nobody else. */
export interface NewToken {
  readonly id: string;
  readonly token: string;
  readonly nonceM: string;
}

export interface Newcomer {
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
    caller: addressPrefix(claim.observed_address),
    spki: key?.spki ?? null,
    spki_sha256: key?.spkiSha256 ?? null,
    key_id: key?.keyId ?? null,
    nonce_m: Buffer.from(random.bytes(32)).toString('base64url'),
    used_proofs: JSON.stringify(proof === undefined ? [] : [proof]),
    created_at: now,
    expires_at: now + Math.round(settings.requestHours * HOUR_MS),
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

/** Writes down a new request, with a token that only its sender has. @throws PatchError `RATE_LIMIT_EXCEEDED` */
export async function createRequest(
  context: EnrollmentContext,
  db: Database,
  newcomer: Newcomer,
): Promise<NewToken> {
  const token = createPollingToken(context.random);
  const row = newRow(context, newcomer, token);
  if (!newcomer.admitted) await makeRoom(context, db, row.caller);
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
    stranger: row.observed_address,
  });
  return { id: row.id, token, nonceM: row.nonce_m };
}
