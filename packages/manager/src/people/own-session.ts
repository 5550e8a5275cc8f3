import { MINUTE_MS, type OwnSession, permissionsOf } from '@linux-patch/contract';
import type { PersonRow, SessionRow } from '../database/schema.ts';
import { toSessionView } from './session-view.ts';
import { toView } from './view.ts';

/** How long a proof that it is them is good. */
const PROVEN_MS = 10 * MINUTE_MS;

/** Whether somebody showed just now that it is them; a clock that was set back makes no proof longer. */
export function isProven({ proven_at }: Pick<SessionRow, 'proven_at'>, nowMs: number): boolean {
  return Math.abs(nowMs - proven_at) < PROVEN_MS;
}

/** Who is signed in, as they see it. */
export function toOwnSession({
  person,
  session,
}: {
  readonly person: PersonRow;
  readonly session: SessionRow;
}): OwnSession {
  return {
    person: toView(person),
    permissions: [...permissionsOf(person.role)],
    session: toSessionView(session, session.id),
    proven_until: new Date(session.proven_at + PROVEN_MS).toISOString(),
  };
}
