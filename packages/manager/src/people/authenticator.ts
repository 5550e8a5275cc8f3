import { PatchError } from '@linux-patch/contract';
import type { PersonRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PeopleContext } from './context.ts';
import { removeIdleRecoveryCodes, replaceRecoveryCodes } from './second-factor.ts';
import { base32, findStep, totpUri } from './totp.ts';

/** As long as the hash, RFC 4226 §4. */
const SECRET_BYTES = 20;

function refusal(): PatchError {
  return new PatchError(
    'FORBIDDEN',
    'The code is not one of the key that was shown last. Nothing was changed. Type the code that the authenticator shows now; when that one does not fit either, compare the clocks of the telephone and of the manager, which may differ by half a minute at most.',
  );
}

/** A key for an authenticator, which counts when a code of it was shown; an earlier one counts until then. */
export async function offerAuthenticator(
  { db, random }: PeopleContext,
  person: PersonRow,
): Promise<{ readonly secret: string; readonly uri: string }> {
  const secret = random.bytes(SECRET_BYTES);
  const totp_offered = Buffer.from(secret).toString('hex');
  await inTransaction(db, async (own) => {
    await own.updateTable('people').set({ totp_offered }).where('id', '=', person.id).execute();
  });
  return { secret: base32(secret), uri: totpUri(person.name, secret) };
}

/**
 * From now on signing in takes a code, too; the recovery codes are shown this once.
 * @throws PatchError `FORBIDDEN` when the code is none of the key that was offered
 */
export async function confirmAuthenticator(
  { db, audit, clock, random }: PeopleContext,
  person: PersonRow,
  code: string,
): Promise<string[]> {
  const offered = person.totp_offered;
  const found = offered === null ? undefined : { nowMs: clock.now(), lastStep: null };
  const step = found && findStep(Buffer.from(offered ?? '', 'hex'), code.replaceAll(' ', ''), found);
  if (offered === null || step === undefined) {
    throw refusal();
  }
  return inTransaction(db, async (own) => {
    const { numUpdatedRows } = await own
      .updateTable('people')
      .set({ totp_secret: offered, totp_step: step, totp_offered: null })
      .where('id', '=', person.id)
      .where('totp_offered', '=', offered)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) throw refusal();
    const codes = await replaceRecoveryCodes(own, person.id, random);
    const fields = { person: person.name };
    await audit.record(own, { actor: `person:${person.name}`, event: 'second_factor_added', fields });
    return codes;
  });
}

/** No code of it signs in any more. */
export async function removeAuthenticator({ db, audit }: PeopleContext, person: PersonRow): Promise<void> {
  await inTransaction(db, async (own) => {
    await own
      .updateTable('people')
      .set({ totp_secret: null, totp_step: null, totp_offered: null })
      .where('id', '=', person.id)
      .execute();
    await removeIdleRecoveryCodes(own, person.id);
    const fields = { person: person.name };
    await audit.record(own, { actor: `person:${person.name}`, event: 'second_factor_removed', fields });
  });
}
