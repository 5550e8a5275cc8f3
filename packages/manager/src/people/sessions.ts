import { DAY_MS, type EndSessions, PatchError, type Session } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { PersonRow, SessionRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PeopleContext } from './context.ts';
import { createSessionSecret, sessionVerifier } from './session-secret.ts';
import { isActive, toSessionView } from './session-view.ts';

/** Of one person, over ones included. */
const MAX_SESSIONS = 20;
/** A device is known for so long after somebody signed in there. */
const KEPT_DAYS = 90;
const CLIENT_CHARACTERS = 200;

/** Where a session begins. */
export interface Place {
  readonly address: string;
  /** What the browser says it is. */
  readonly client: string | undefined;
  /** The session that this browser had before, of the same person. */
  readonly before: string | undefined;
  /** What the person showed. */
  readonly how: {
    readonly by: 'password' | 'code' | 'passkey' | 'oidc';
    /** Its name. */
    readonly passkey?: string;
  };
  /** When they showed it, epoch milliseconds; without a word just now. */
  readonly shownAtMs?: number;
}

async function forgetOld(db: Database, personId: string, nowMs: number): Promise<string[]> {
  const rows = await db
    .selectFrom('sessions')
    .select('id')
    .where('person_id', '=', personId)
    .orderBy('created_at', 'desc')
    .execute();
  const beyond = rows.slice(MAX_SESSIONS - 1).map((row) => row.id);
  await db
    .deleteFrom('sessions')
    .where('created_at', '<', nowMs - KEPT_DAYS * DAY_MS)
    .execute();
  if (beyond.length > 0) await db.deleteFrom('sessions').where('id', 'in', beyond).execute();
  return beyond;
}

/** Still who they were, and signs in in the same way, as when they showed it. */
async function requireSame(db: Database, person: PersonRow): Promise<void> {
  const same = await db
    .selectFrom('people')
    .select('id')
    .where('id', '=', person.id)
    .where('password', 'is not distinct from', person.password)
    .where('oidc_subject', 'is not distinct from', person.oidc_subject)
    .where('disabled_at', 'is', null)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (same) return;
  throw new PatchError('UNAUTHORIZED', 'How you sign in was changed at this moment. Sign in again.');
}

/** Begins a session, in the place of the one that the browser had. @throws PatchError `UNAUTHORIZED` */
export async function beginSession(
  { db, audit, clock, random, cuts }: PeopleContext,
  person: PersonRow,
  { address, client, before, how, shownAtMs }: Place,
): Promise<{ readonly secret: string; readonly session: SessionRow }> {
  const now = clock.now();
  const id = random.uuid();
  const secret = createSessionSecret(id, random);
  const session: SessionRow = {
    id,
    person_id: person.id,
    verifier: sessionVerifier(secret),
    created_at: now,
    seen_at: now,
    signed_out_at: null,
    address,
    client: (client ?? '').slice(0, CLIENT_CHARACTERS),
    proven_at: Math.min(now, shownAtMs ?? now),
  };
  const ended = await inTransaction(db, async (own) => {
    await requireSame(own, person);
    if (before !== undefined) await own.deleteFrom('sessions').where('id', '=', before).execute();
    const beyond = await forgetOld(own, person.id, now);
    await own.insertInto('sessions').values(session).execute();
    await own.updateTable('people').set({ last_sign_in_at: now }).where('id', '=', person.id).execute();
    const fields = { person: person.name, session: id, address, ...how };
    await audit.record(own, { actor: `person:${person.name}`, event: 'person_signed_in', fields });
    return [...beyond, ...(before === undefined ? [] : [before])];
  });
  cuts.end(ended);
  return { secret, session };
}

/** Ends a session; that the person was here before stays known. */
export async function signOut(
  { db, audit, clock, cuts }: PeopleContext,
  session: SessionRow,
  actor: string,
): Promise<void> {
  await inTransaction(db, async (own) => {
    await own
      .updateTable('sessions')
      .set({ signed_out_at: clock.now() })
      .where('id', '=', session.id)
      .execute();
    await audit.record(own, { actor, event: 'person_signed_out', fields: { session: session.id } });
  });
  cuts.end([session.id]);
}

/** Sessions of a person that count, newest first. */
export async function listSessions(
  { db, clock }: PeopleContext,
  personId: string,
  currentId?: string,
): Promise<Session[]> {
  const rows = await db
    .selectFrom('sessions')
    .selectAll()
    .where('person_id', '=', personId)
    .orderBy('created_at', 'desc')
    .execute();
  return rows.filter((row) => isActive(row, clock.now())).map((row) => toSessionView(row, currentId));
}

/** Removes sessions of a person in a transaction; the ids are to be cut when it is committed. */
export async function removeSessions(
  db: Database,
  personId: string,
  which: { readonly only?: string | undefined; readonly except?: string | undefined } = {},
): Promise<string[]> {
  let query = db.selectFrom('sessions').select('id').where('person_id', '=', personId);
  if (which.only !== undefined) query = query.where('id', '=', which.only);
  if (which.except !== undefined) query = query.where('id', '!=', which.except);
  const ids = (await query.execute()).map((row) => row.id);
  if (ids.length > 0) await db.deleteFrom('sessions').where('id', 'in', ids).execute();
  return ids;
}

/** Ends one session of a person or all, from this moment; how many. */
export async function endSessions(
  { db, audit, cuts }: PeopleContext,
  person: PersonRow,
  { session, except, actor }: EndSessions & { readonly except?: string | undefined; readonly actor: string },
): Promise<number> {
  const ids = await inTransaction(db, async (own) => {
    const removed = await removeSessions(
      own,
      person.id,
      session === undefined ? { except } : { only: session },
    );
    const fields = { person: person.name, sessions: removed.length };
    if (removed.length > 0) await audit.record(own, { actor, event: 'person_sessions_ended', fields });
    return removed;
  });
  cuts.end(ids);
  return ids.length;
}
