import { MINUTE_MS } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import { readBindings } from '../reach/bindings.ts';
import type { BoundRole } from '../reach/reach.ts';
import type { PeopleContext } from './context.ts';
import { type KnownPerson, selectPeople } from './known-person.ts';
import { claimedId, isSessionSecret } from './session-secret.ts';
import { isActive } from './session-view.ts';

/** What was shown with a request. */
export type ShownSession =
  | {
      readonly state: 'active';
      readonly session: SessionRow;
      readonly person: KnownPerson;
      readonly bindings: readonly BoundRole[];
      /** Ends what is still open when the session is ended. */
      readonly cut: AbortSignal;
    }
  | { readonly state: 'over'; readonly session: SessionRow; readonly person: KnownPerson };

type SessionSources = Pick<PeopleContext, 'db' | 'clock' | 'logger' | 'cuts'>;

/** Notes a use once a minute at most; a full disk refuses nobody who only reads. */
async function noteUse(
  { db, clock, logger }: SessionSources,
  session: SessionRow,
  address: string,
): Promise<void> {
  if (clock.now() - session.seen_at < MINUTE_MS) return;
  try {
    await db
      .updateTable('sessions')
      .set({ seen_at: clock.now(), address })
      .where('id', '=', session.id)
      .execute();
  } catch (error) {
    logger.warn('That a session was used is not on record', { session: session.id, error });
  }
}

async function findRows({ db }: SessionSources, id: string) {
  const session = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
  if (!session) return undefined;
  const person = await selectPeople(db)
    .where('people.id', '=', session.person_id)
    .where('people.disabled_at', 'is', null)
    .executeTakeFirst();
  return person && { session, person };
}

/**
 * Looks up what was shown; undefined when it is no session of somebody who may sign in. One that is over still tells that
 * its person was here before.
 */
export async function findSession(sources: SessionSources, shown: string): Promise<ShownSession | undefined> {
  const { clock, cuts } = sources;
  const id = claimedId(shown);
  if (id === undefined) return undefined;
  const cut = cuts.of(id);
  const rows = await findRows(sources, id);
  if (!rows) {
    cuts.end([id]);
    return undefined;
  }
  if (!isSessionSecret(rows.session.verifier, shown) || cut.aborted) return undefined;
  if (!isActive(rows.session, clock.now())) return { state: 'over', ...rows };
  const bindings = await readBindings(sources.db, { personId: rows.person.id });
  return { state: 'active', ...rows, bindings, cut };
}

/** The same for a request, whose use of an active session is noted. */
export async function useSession(
  sources: SessionSources,
  shown: string,
  address: string,
): Promise<ShownSession | undefined> {
  const found = await findSession(sources, shown);
  if (found?.state !== 'active') return found;
  await noteUse(sources, found.session, address);
  // It may have been ended since it was looked up.
  return found.cut.aborted ? undefined : found;
}
