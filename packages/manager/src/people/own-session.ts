import { boundPermissionsOf, MINUTE_MS, type OwnSession, permissionsOf } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import { viewBindings } from '../reach/bindings.ts';
import type { PeopleContext } from './context.ts';
import type { KnownPerson } from './known-person.ts';
import { toSessionView } from './session-view.ts';
import { toView } from './view.ts';

/** How long a proof that it is them is good. */
const PROVEN_MS = 10 * MINUTE_MS;

/** Whether somebody showed just now that it is them; a clock that was set back makes no proof longer. */
export function isProven({ proven_at }: Pick<SessionRow, 'proven_at'>, nowMs: number): boolean {
  return Math.abs(nowMs - proven_at) < PROVEN_MS;
}

/** Who is signed in, as they see it. */
export async function viewOwnSession(
  { db }: Pick<PeopleContext, 'db'>,
  { person, session }: { readonly person: KnownPerson; readonly session: SessionRow },
): Promise<OwnSession> {
  const bindings = await viewBindings(db, { personId: person.id });
  return {
    person: toView(person, bindings),
    permissions: [...permissionsOf(person.role)],
    bound: bindings.map(({ role, on }) => ({ on, permissions: [...boundPermissionsOf(role)] })),
    session: toSessionView(session, session.id),
    proven_until: new Date(session.proven_at + PROVEN_MS).toISOString(),
  };
}
