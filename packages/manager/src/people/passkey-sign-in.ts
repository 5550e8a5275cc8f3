import { type PasskeyProof, PatchError } from '@linux-patch/contract';
import { CopiedPasskey, PasskeyFault } from '../passkeys/passkey-fault.ts';
import type { PeopleContext } from './context.ts';
import { findSession } from './find-session.ts';
import { type KnownPerson, selectPeople } from './known-person.ts';
import type { PasskeySite } from './passkeys.ts';
import { proveBy } from './prove.ts';
import { beginSession } from './sessions.ts';
import type { Door, SignedIn } from './sign-in.ts';
import { findPasskey, type Shown, usePasskey } from './use-passkey.ts';

/** Records a passkey that was not taken. */
export async function recordRefused(
  { audit, db }: Pick<PeopleContext, 'audit' | 'db'>,
  fault: PasskeyFault,
  {
    actor,
    address,
    shown,
  }: { readonly actor: string; readonly address: string; readonly shown: Omit<Shown, 'proof' | 'purpose'> },
): Promise<void> {
  const whose = shown.person ? { person: shown.person.name } : {};
  if (fault instanceof CopiedPasskey) {
    const { counter, last } = fault;
    const fields = { ...whose, passkey: shown.row?.name, address, counter, last };
    return audit.record(db, { actor, event: 'passkey_copied', fields, stranger: address });
  }
  if (actor !== 'unknown') return;
  const fields = { address, wrong: 'passkey', ...whose };
  await audit.record(db, { actor, event: 'sign_in_refused', fields, stranger: address });
}

async function findPerson({ db }: PeopleContext, id: string | undefined): Promise<KnownPerson | undefined> {
  if (id === undefined) return undefined;
  return selectPeople(db).where('people.id', '=', id).executeTakeFirst();
}

/**
 * Signs in whoever has this passkey, without a name, a password or a code. Nobody guesses a signature, so failures count for
 * the address alone: what others try with the name keeps nobody out who has one.
 * @throws PatchError `UNAUTHORIZED` that says what is wrong, `RATE_LIMIT_EXCEEDED`
 */
export async function signInWithPasskey(
  people: PeopleContext,
  site: PasskeySite,
  { proof, door: { address, client, cookie } }: { readonly proof: PasskeyProof; readonly door: Door },
): Promise<SignedIn> {
  const row = await findPasskey(people, proof);
  const person = await findPerson(people, row?.person_id);
  const earlier = cookie === undefined ? undefined : await findSession(people, cookie);
  const device = earlier && earlier.person.id === person?.id ? earlier.session.id : undefined;
  const shown: Shown = { proof, purpose: 'sign-in', row, person };
  const fault = await proveBy(people, { name: undefined, address, device }, PasskeyFault, async () => {
    await usePasskey(people, site, shown);
    if (person?.disabled_at === null) return;
    throw new PasskeyFault('You may not sign in any more: an administrator has shut you out.');
  });
  if (fault || !person || !row) {
    if (fault) await recordRefused(people, fault, { actor: 'unknown', address, shown });
    throw new PatchError('UNAUTHORIZED', fault?.message ?? 'Nobody has this passkey.', { cause: fault });
  }
  const how = { by: 'passkey', passkey: row.name } as const;
  const place = { address, client, before: device, how };
  return { person, ...(await beginSession(people, person, place)) };
}
