import type { PasskeyProof } from '@linux-patch/contract';
import type { PasskeyRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { Purpose } from '../passkeys/challenges.ts';
import { CopiedPasskey, PasskeyFault } from '../passkeys/passkey-fault.ts';
import { verifyProof } from '../passkeys/verify.ts';
import type { PeopleContext } from './context.ts';
import type { KnownPerson } from './known-person.ts';
import { type PasskeySite, userHandleOf } from './passkeys.ts';

const UNKNOWN =
  'This manager does not know this passkey, or no more: it was removed, or is of another manager. Sign in another way, and add it again.';

/** The passkey that somebody shows; undefined when nobody has it. */
export async function findPasskey(
  { db }: Pick<PeopleContext, 'db'>,
  { credential }: PasskeyProof,
): Promise<PasskeyRow | undefined> {
  return db.selectFrom('passkeys').selectAll().where('credential_id', '=', credential).executeTakeFirst();
}

/** Notes the use; an authenticator that counts must have gone on since. @throws PasskeyFault */
async function noteUse(
  { db, clock }: Pick<PeopleContext, 'db' | 'clock'>,
  { id }: PasskeyRow,
  counter: number,
): Promise<void> {
  await inTransaction(db, async (own) => {
    const now = await own.selectFrom('passkeys').select('counter').where('id', '=', id).executeTakeFirst();
    if (!now) throw new PasskeyFault(UNKNOWN);
    const { counter: last } = now;
    if (Math.max(counter, last) > 0 && counter <= last) throw new CopiedPasskey({ counter, last });
    const set = { counter, last_used_at: clock.now() };
    await own.updateTable('passkeys').set(set).where('id', '=', id).execute();
  });
}

/** What is shown, and whose it has to be. */
export interface Shown {
  readonly proof: PasskeyProof;
  readonly purpose: Purpose;
  readonly row: PasskeyRow | undefined;
  readonly person: KnownPerson | undefined;
}

/**
 * Whether a passkey is of this person, and signs what was asked; it counts once.
 * @throws PasskeyFault with a sentence that says what is wrong
 */
export async function usePasskey(
  people: PeopleContext,
  site: PasskeySite,
  { proof, purpose, row, person }: Shown,
): Promise<void> {
  if (site.party.unusable !== null) throw new PasskeyFault(site.party.unusable);
  if (!row || row.person_id !== person?.id) throw new PasskeyFault(UNKNOWN);
  const handle = proof.user_handle ?? (purpose === 'sign-in' ? '' : userHandleOf(person));
  const { counter, challenge } = verifyProof(proof, row.public_key, { ...site, purpose });
  if (handle !== userHandleOf(person))
    throw new PasskeyFault('This passkey says that it is of somebody else.');
  if (!site.challenges.use(challenge, `passkey ${row.id}`))
    throw new PasskeyFault('This was sent before, or another answer of this passkey after it. Try again.');
  await noteUse(people, row, counter);
}
