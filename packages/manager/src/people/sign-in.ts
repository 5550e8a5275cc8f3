import { PatchError, type SignIn } from '@linux-patch/contract';
import type { PersonRow, SessionRow } from '../database/schema.ts';
import type { PeopleContext } from './context.ts';
import { findSession } from './find-session.ts';
import { isOutdated } from './password-hash.ts';
import { beginSession } from './sessions.ts';

/** Where somebody tries to sign in. */
export interface Door {
  readonly address: string;
  readonly client: string | undefined;
  /** What the browser holds of an earlier session. */
  readonly cookie: string | undefined;
}

interface SignedIn {
  readonly secret: string;
  readonly session: SessionRow;
  readonly person: PersonRow;
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
  person: PersonRow,
  password: string,
): Promise<PersonRow> {
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

async function findPerson({ db }: PeopleContext, name: string): Promise<PersonRow | undefined> {
  return db
    .selectFrom('people')
    .selectAll()
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
}

/** Whether the password is the person's; slowed down, and of nobody it takes as long. */
export async function provePassword(
  { throttle, passwords }: PeopleContext,
  candidate: { readonly name: string; readonly address: string; readonly device: string | undefined },
  { person, password }: { readonly person: PersonRow | undefined; readonly password: string },
): Promise<boolean> {
  const attempt = throttle.begin(candidate);
  try {
    const fits = await passwords.matches(
      person?.password ?? undefined,
      password,
      candidate.device !== undefined,
    );
    const isIn = fits && person?.disabled_at === null;
    if (isIn) attempt.succeeded();
    return isIn;
  } catch (error) {
    attempt.withdraw();
    throw error;
  }
}

/**
 * Signs somebody in.
 * @throws PatchError `UNAUTHORIZED`, in the same words and after the same time whatever was wrong; `RATE_LIMIT_EXCEEDED`
 */
export async function signIn(
  context: PeopleContext,
  { name: typed, password }: SignIn,
  { address, client, cookie }: Door,
): Promise<SignedIn> {
  const name = typed.toLowerCase();
  const person = await findPerson(context, name);
  const earlier = cookie === undefined ? undefined : await findSession(context, cookie);
  const device = earlier && earlier.person.id === person?.id ? earlier.session.id : undefined;
  const isIn = await provePassword(context, { name, address, device }, { person, password });
  if (!isIn || !person) {
    // What was typed as a name may be a password, unless it is a name.
    const fields = { address, ...(person ? { person: person.name } : {}) };
    const entry = { actor: 'unknown', event: 'sign_in_refused', fields, stranger: address } as const;
    await context.audit.record(context.db, entry);
    throw refusal();
  }
  const current = await upgradeHash(context, person, password);
  return { person: current, ...(await beginSession(context, current, { address, client, before: device })) };
}
