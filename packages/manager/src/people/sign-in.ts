import { PatchError, type SignIn } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import type { PeopleContext } from './context.ts';
import { findSession } from './find-session.ts';
import { hasSecondFactor, type KnownPerson, selectPeople } from './known-person.ts';
import { isOutdated } from './password-hash.ts';
import { proveAll, type Verdict } from './prove.ts';
import { beginSession } from './sessions.ts';

/** Where somebody tries to sign in. */
export interface Door {
  readonly address: string;
  readonly client: string | undefined;
  /** What the browser holds of an earlier session. */
  readonly cookie: string | undefined;
}

/** Somebody who is in, with what their browser is to hold. */
export interface SignedIn {
  readonly secret: string;
  readonly session: SessionRow;
  readonly person: KnownPerson;
}

/** The same words for everybody, whatever was wrong. */
function refusal(): PatchError {
  return new PatchError(
    'UNAUTHORIZED',
    "The name or the password is wrong, or this person may not sign in. Root on the manager's machine sees who may, and gives a new password: " +
      'linux-patch-manager people list, linux-patch-manager people reset NAME',
  );
}

/** Stored with the cost of today, unless it was changed meanwhile. */
async function upgradeHash(
  { db, passwords }: PeopleContext,
  person: KnownPerson,
  password: string,
): Promise<KnownPerson> {
  if (person.password === null || !isOutdated(person.password)) return person;
  const hash = await passwords.hash(password);
  await db
    .updateTable('people')
    .set({ password: hash })
    .where('id', '=', person.id)
    .where('password', '=', person.password)
    .execute();
  return { ...person, password: hash };
}

async function findPerson({ db }: PeopleContext, name: string): Promise<KnownPerson | undefined> {
  return selectPeople(db).where('people.name', '=', name).executeTakeFirst();
}

/** What the password alone does not do. */
function missing(person: KnownPerson | undefined): string {
  const code = 'the one that the authenticator shows now, or a recovery code';
  if (!person || person.totp_secret === null)
    return 'The password alone does not sign you in: use your passkey, which takes no password, or a recovery code.';
  const or = person.passkeys > 0 ? ' Or use your passkey, which takes no password.' : '';
  return `Signing in takes a code, too: ${code}.${or}`;
}

/** Records a failed try, and says what the caller hears of it. */
async function refuse(
  { audit, db }: PeopleContext,
  verdict: Exclude<Verdict, 'in'>,
  { person, address }: { readonly person: KnownPerson | undefined; readonly address: string },
): Promise<PatchError> {
  if (verdict === 'code-missing') {
    return new PatchError('SECOND_FACTOR_REQUIRED', missing(person));
  }
  const wrong = verdict === 'wrong-code' ? 'code' : 'password';
  // What was typed as a name may be a password, unless it is a name.
  const fields = { address, wrong, ...(person ? { person: person.name } : {}) };
  await audit.record(db, { actor: 'unknown', event: 'sign_in_refused', fields, stranger: address });
  if (wrong === 'password') return refusal();
  return new PatchError(
    'UNAUTHORIZED',
    'The code is wrong, or was used before; each works once. Wait for the next one, or use a recovery code.',
  );
}

/**
 * Signs somebody in.
 * @throws PatchError `UNAUTHORIZED`, in the same words and after the same time whatever was wrong with name and password;
 * `SECOND_FACTOR_REQUIRED`, `RATE_LIMIT_EXCEEDED`
 */
export async function signIn(
  context: PeopleContext,
  { name: typed, password, code }: SignIn,
  { address, client, cookie }: Door,
): Promise<SignedIn> {
  const name = typed.toLowerCase();
  const person = await findPerson(context, name);
  const earlier = cookie === undefined ? undefined : await findSession(context, cookie);
  const device = earlier && earlier.person.id === person?.id ? earlier.session.id : undefined;
  const verdict = await proveAll(context, { name, address, device }, { person, password, code });
  if (verdict !== 'in') throw await refuse(context, verdict, { person, address });
  if (!person) throw refusal();
  const current = await upgradeHash(context, person, password);
  const how = { by: hasSecondFactor(current) ? 'code' : 'password' } as const;
  const place = { address, client, before: device, how };
  return { person: current, ...(await beginSession(context, current, place)) };
}
