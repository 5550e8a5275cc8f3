import {
  MAX_PASSKEYS,
  type NewPasskey,
  type OfferedPasskey,
  type Passkey,
  PatchError,
} from '@linux-patch/contract';
import { type Acting, requireStill } from '../audit/acting.ts';
import type { Database } from '../database/open.ts';
import type { PasskeyRow, PersonRow, SessionRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { CHALLENGE_MS, type Challenges } from '../passkeys/challenges.ts';
import { PASSKEY_ALGORITHMS } from '../passkeys/cose-key.ts';
import { PasskeyFault } from '../passkeys/passkey-fault.ts';
import type { RelyingParty } from '../passkeys/relying-party.ts';
import { verifyNew } from '../passkeys/verify.ts';
import type { PeopleContext } from './context.ts';
import type { KnownPerson } from './known-person.ts';
import { hasRecoveryCodes, removeIdleRecoveryCodes, replaceRecoveryCodes } from './second-factor.ts';

/** Where passkeys count, and what they are asked. */
export interface PasskeySite {
  readonly party: RelyingParty;
  readonly challenges: Challenges;
}

interface Own {
  readonly person: KnownPerson;
  readonly session: SessionRow;
}

function refusal(why: string): PatchError {
  return new PatchError('FORBIDDEN', `${why} Nothing was changed.`);
}

function toPasskey({ id, name, created_at, last_used_at }: PasskeyRow): Passkey {
  return {
    id,
    name,
    created_at: new Date(created_at).toISOString(),
    last_used_at: last_used_at === null ? null : new Date(last_used_at).toISOString(),
  };
}

function rowsOf(db: Database, personId: string): Promise<PasskeyRow[]> {
  return db
    .selectFrom('passkeys')
    .selectAll()
    .where('person_id', '=', personId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** Those of a person, oldest first. */
export async function listPasskeys({ db }: Pick<PeopleContext, 'db'>, personId: string): Promise<Passkey[]> {
  return (await rowsOf(db, personId)).map(toPasskey);
}

/** How an authenticator is told which passkeys are meant. */
export async function referencesOf({ db }: Pick<PeopleContext, 'db'>, personId: string) {
  const rows = await rowsOf(db, personId);
  return rows.map(({ credential_id: id }) => ({ type: 'public-key' as const, id }));
}

/** What an authenticator calls a person: the id, which says nothing to who finds it. */
export function userHandleOf({ id }: Pick<PersonRow, 'id'>): string {
  return Buffer.from(id).toString('base64url');
}

/** What a browser needs to make a passkey for somebody. @throws PatchError `FORBIDDEN` where there can be none */
export async function offerPasskey(
  people: PeopleContext,
  { party, challenges }: PasskeySite,
  { person, session }: Own,
): Promise<OfferedPasskey> {
  if (party.unusable !== null) throw refusal(party.unusable);
  const { name } = person;
  return {
    creation: {
      rp: { id: party.id, name: 'Linux Patch' },
      user: { id: userHandleOf(person), name, displayName: name },
      challenge: challenges.make(`add ${session.id}`),
      pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      timeout: CHALLENGE_MS,
      excludeCredentials: await referencesOf(people, person.id),
      // Found without a name, and never without a PIN, a finger or a face.
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'required',
      },
      attestation: 'none',
    },
  };
}

async function requireRoom(db: Database, personId: string, credentialId: string): Promise<void> {
  const same = await db
    .selectFrom('passkeys')
    .select('id')
    .where('credential_id', '=', credentialId)
    .executeTakeFirst();
  if (same) throw refusal('This passkey was added before.');
  const own = await rowsOf(db, personId);
  if (own.length >= MAX_PASSKEYS)
    throw refusal(
      `You have ${MAX_PASSKEYS} passkeys, and there may be no more. Remove one that you do not use.`,
    );
}

/**
 * Takes a passkey that a browser made: from now on it signs in, and the password alone does not.
 * @returns with new recovery codes where there are none; they are shown this once
 * @throws PatchError `FORBIDDEN`
 */
export async function addPasskey(
  { db, audit, clock, random }: PeopleContext,
  { party, challenges }: PasskeySite,
  { person, session, wish, actor }: Own & { readonly wish: NewPasskey; readonly actor: Acting },
): Promise<{ readonly passkey: Passkey; readonly recovery_codes: string[] }> {
  const { challenge, credentialId, publicKey, counter } = verified(() =>
    verifyNew(wish, { party, challenges, purpose: `add ${session.id}` }),
  );
  if (!challenges.use(challenge, `session ${session.id}`)) throw refusal('This was sent before.');
  const row: PasskeyRow = {
    id: random.uuid(),
    person_id: person.id,
    name: wish.name,
    credential_id: credentialId,
    public_key: publicKey,
    counter,
    created_at: clock.now(),
    last_used_at: null,
  };
  return inTransaction(db, async (own) => {
    requireStill(actor);
    await requireRoom(own, person.id, credentialId);
    await own.insertInto('passkeys').values(row).execute();
    const fields = { person: person.name, passkey: row.name };
    await audit.record(own, { actor: actor.name, event: 'passkey_added', fields });
    const hasCodes = await hasRecoveryCodes(own, person.id);
    const codes = hasCodes ? [] : await replaceRecoveryCodes(own, person.id, random);
    return { passkey: toPasskey(row), recovery_codes: codes };
  });
}

function verified<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof PasskeyFault ? refusal(error.message) : error;
  }
}

/** It signs in no more; with the last one and without an authenticator the password alone does again. @throws PatchError `NOT_FOUND` */
export async function removePasskey(
  { db, audit }: PeopleContext,
  { person, id, actor }: { readonly person: PersonRow; readonly id: string; readonly actor: Acting },
): Promise<void> {
  await inTransaction(db, async (own) => {
    requireStill(actor);
    const rows = await rowsOf(own, person.id);
    const row = rows.find((one) => one.id === id);
    if (!row) throw new PatchError('NOT_FOUND', 'You have no such passkey: it may be removed already.');
    await own.deleteFrom('passkeys').where('id', '=', id).execute();
    await removeIdleRecoveryCodes(own, person.id);
    const fields = { person: person.name, passkey: row.name };
    await audit.record(own, { actor: actor.name, event: 'passkey_removed', fields });
  });
}
