import { PatchError, type StepUp } from '@linux-patch/contract';
import type { PersonRow, SessionRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PeopleContext } from './context.ts';
import { proveCode, provePassword } from './prove.ts';

/**
 * Somebody shows again that it is them: by a code, or by the password where they have no authenticator.
 * @throws PatchError `FORBIDDEN` when it is wrong, `RATE_LIMIT_EXCEEDED`
 */
export async function stepUp(
  context: PeopleContext,
  { person, session, address }: Own & { readonly address: string },
  { password = '', code = '' }: StepUp,
): Promise<SessionRow> {
  const candidate = { name: person.name, address, device: session.id };
  const hasCode = person.totp_secret !== null;
  const isThey = hasCode
    ? await proveCode(context, candidate, { person, code })
    : await provePassword(context, candidate, { person, password });
  if (!isThey) {
    throw new PatchError(
      'FORBIDDEN',
      hasCode
        ? 'The code is wrong, or was used before; each works once. Nothing was done.'
        : 'The password is wrong. Nothing was done.',
    );
  }
  const { db, audit, clock } = context;
  const proven_at = clock.now();
  await inTransaction(db, async (own) => {
    await own.updateTable('sessions').set({ proven_at }).where('id', '=', session.id).execute();
    const fields = { session: session.id, by: hasCode ? 'code' : 'password' };
    await audit.record(own, { actor: `person:${person.name}`, event: 'person_stepped_up', fields });
  });
  return { ...session, proven_at };
}

interface Own {
  readonly person: PersonRow;
  readonly session: SessionRow;
}
