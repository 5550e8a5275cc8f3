import { type OwnPasswordChange, PatchError } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PeopleContext } from './context.ts';
import type { KnownPerson } from './known-person.ts';
import { refuseNameAsPassword } from './name-as-password.ts';
import { provePassword } from './prove.ts';
import { removeSessions } from './sessions.ts';

function over(): PatchError {
  return new PatchError('UNAUTHORIZED', 'The session was ended. Nothing was changed. Sign in again.');
}

/**
 * Sets another password for somebody who knows the one before, and ends all their sessions; how many.
 * @throws PatchError `FORBIDDEN` for a wrong password, `UNAUTHORIZED` when the session ended meanwhile, `RATE_LIMIT_EXCEEDED`
 */
export async function changeOwnPassword(
  context: PeopleContext,
  {
    person,
    session,
    address,
  }: { readonly person: KnownPerson; readonly session: SessionRow; readonly address: string },
  { current_password: password, new_password: wish }: OwnPasswordChange,
): Promise<number> {
  refuseNameAsPassword(person.name, wish, 'new_password');
  const candidate = { name: person.name, address, device: session.id };
  if (!(await provePassword(context, candidate, { person, password })))
    throw new PatchError('FORBIDDEN', 'The current password is wrong. Nothing was changed.');
  const hash = await context.passwords.hash(wish);
  const { db, audit, cuts } = context;
  const ids = await inTransaction(db, async (own) => {
    const ended = await removeSessions(own, person.id);
    // Whoever was shut out while this was worked on, or has a new password by now, takes nothing back.
    if (!ended.includes(session.id)) throw over();
    await own.updateTable('people').set({ password: hash }).where('id', '=', person.id).execute();
    const actor = `person:${person.name}`;
    const fields = { person: person.name, sessions: ended.length };
    await audit.record(own, { actor, event: 'person_password_changed', fields });
    return ended;
  });
  cuts.end(ids);
  return ids.length;
}
