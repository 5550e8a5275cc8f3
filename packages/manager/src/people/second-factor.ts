import { createHash } from 'node:crypto';
import type { Random } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import type { PersonRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PeopleContext } from './context.ts';
import { hasSecondFactor, selectPeople } from './known-person.ts';
import { base32, findStep } from './totp.ts';

const RECOVERY_CODES = 10;
/** So many that a stored hash of them needs no slower one. */
const RECOVERY_BYTES = 10;

/** However somebody copied it. */
function verifierOf(code: string): string {
  const plain = code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  return createHash('sha256').update(plain).digest('hex');
}

/** Ten new codes in the place of those before; they are shown this once. */
export async function replaceRecoveryCodes(
  db: Database,
  personId: string,
  random: Random,
): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () =>
    base32(random.bytes(RECOVERY_BYTES)).replaceAll(/(.{4})(?!$)/g, '$1-'),
  );
  await removeRecoveryCodes(db, personId);
  const rows = codes.map((code) => ({ person_id: personId, verifier: verifierOf(code) }));
  await db.insertInto('recovery_codes').values(rows).execute();
  return codes;
}

export async function removeRecoveryCodes(db: Database, personId: string): Promise<void> {
  await db.deleteFrom('recovery_codes').where('person_id', '=', personId).execute();
}

export async function hasRecoveryCodes(db: Database, personId: string): Promise<boolean> {
  const codes = db.selectFrom('recovery_codes').select('verifier').where('person_id', '=', personId);
  return (await codes.limit(1).executeTakeFirst()) !== undefined;
}

/** Takes away what is in the place of something that is there no more. */
export async function removeIdleRecoveryCodes(db: Database, personId: string): Promise<void> {
  const person = await selectPeople(db).where('people.id', '=', personId).executeTakeFirst();
  if (person && !hasSecondFactor(person)) await removeRecoveryCodes(db, personId);
}

/** Takes a step out of use; false when somebody was faster, or it is no code of now. */
async function useTotp(db: Database, person: PersonRow, { code, nowMs }: Given): Promise<boolean> {
  if (person.totp_secret === null) return false;
  const step = findStep(Buffer.from(person.totp_secret, 'hex'), code, { nowMs, lastStep: person.totp_step });
  if (step === undefined) return false;
  const { numUpdatedRows } = await db
    .updateTable('people')
    .set({ totp_step: step })
    .where('id', '=', person.id)
    .where('totp_secret', '=', person.totp_secret)
    .where((where) => where.or([where('totp_step', 'is', null), where('totp_step', '<', step)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function useRecoveryCode(
  { audit }: Pick<PeopleContext, 'audit'>,
  db: Database,
  person: PersonRow,
  code: string,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('recovery_codes')
    .where('person_id', '=', person.id)
    .where('verifier', '=', verifierOf(code))
    .executeTakeFirst();
  if (numDeletedRows !== 1n) return false;
  const rest = await db
    .selectFrom('recovery_codes')
    .select('verifier')
    .where('person_id', '=', person.id)
    .execute();
  const fields = { person: person.name, left: rest.length };
  await audit.record(db, { actor: `person:${person.name}`, event: 'recovery_code_used', fields });
  return true;
}

interface Given {
  readonly code: string;
  readonly nowMs: number;
}

/** Whether this is a code of the person's authenticator, or one of the recovery codes; each counts once. */
export async function useCode(
  { db, audit, clock }: PeopleContext,
  person: PersonRow,
  text: string,
): Promise<boolean> {
  const code = text.replaceAll(' ', '');
  return inTransaction(db, async (own) =>
    /^\d{6}$/.test(code)
      ? useTotp(own, person, { code, nowMs: clock.now() })
      : useRecoveryCode({ audit }, own, person, code),
  );
}
