import {
  type CreatePerson,
  type GivenBindings,
  PatchError,
  type Person,
  type PersonChange,
} from '@linux-patch/contract';
import { type Acting, requireStill } from '../audit/acting.ts';
import type { Database } from '../database/open.ts';
import type { PersonRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { replaceBindings, viewAllBindings, viewBindings } from '../reach/bindings.ts';
import type { PeopleContext } from './context.ts';
import { type KnownPerson, selectPeople } from './known-person.ts';
import { refuseNameAsPassword } from './name-as-password.ts';
import { NO_OIDC, type OidcColumns, viewOidc } from './oidc-identity.ts';
import { removeRecoveryCodes } from './second-factor.ts';
import { removeSessions } from './sessions.ts';
import { toView } from './view.ts';

/** Who may sign in, or was shut out. */
const MAX_PEOPLE = 1_000;

/** The password alone signs in. */
const NO_FACTOR = { totp_secret: null, totp_offered: null, totp_step: null };

function conflict(message: string): PatchError {
  return new PatchError('PERSON_CONFLICT', `${message} Nothing was made.`);
}

async function requireRoom(db: Database, name: string): Promise<void> {
  const same = await db
    .selectFrom('people')
    .select(['created_at', 'removed_at'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (same?.removed_at === null) throw conflict(`There is a person ${name} already.`);
  if (same) {
    throw conflict(
      `There was a person ${name} until ${new Date(same.removed_at ?? 0).toISOString()}. Records mean one person by a name, so it is not given twice: take another one, for example ${name}-2.`,
    );
  }
  const { number } = await db
    .selectFrom('people')
    .select((select) => select.fn.countAll<number>().as('number'))
    .where('removed_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(number) >= MAX_PEOPLE)
    throw conflict(`There are ${MAX_PEOPLE} people, and there may be no more. Remove some who left.`);
}

/** @throws PatchError `PERSON_CONFLICT` where somebody signs in as this one */
async function requireFree(db: Database, { oidc_issuer, oidc_subject }: OidcColumns): Promise<void> {
  if (oidc_issuer === null || oidc_subject === null) return;
  const same = await selectPeople(db)
    .where('people.oidc_issuer', '=', oidc_issuer)
    .where('people.oidc_subject', '=', oidc_subject)
    .executeTakeFirst();
  if (same) throw conflict(`${same.name} signs in as ${oidc_subject} of ${oidc_issuer} already.`);
}

/** What lets somebody sign in with the identity provider from now on, and in no other way; undefined when they do. */
async function wayOf(
  db: Database,
  before: KnownPerson,
  identity: OidcColumns,
): Promise<(Pick<PersonRow, 'password' | 'totp_secret'> & OidcColumns) | undefined> {
  const { oidc_issuer, oidc_subject } = identity;
  if (before.oidc_issuer === oidc_issuer && before.oidc_subject === oidc_subject) return undefined;
  await requireFree(db, identity);
  return { password: null, ...NO_FACTOR, ...identity };
}

/** @throws PatchError `PERSON_NOT_FOUND` */
export async function getPerson(db: Database, name: string): Promise<KnownPerson> {
  const row = await selectPeople(db).where('people.name', '=', name).executeTakeFirst();
  if (row) return row;
  throw new PatchError(
    'PERSON_NOT_FOUND',
    'There is no person of this name. "linux-patch-manager people list" shows who there is.',
  );
}

/** Somebody who is to be made, with a password or as somebody of the identity provider. */
export interface NewPerson extends Omit<CreatePerson, 'oidc_subject'> {
  readonly identity?: OidcColumns | undefined;
}

/** Adds a row. @param how.admit asked in the same transaction whether it may be. @throws what `admit` throws, `GROUP_NOT_FOUND` */
export async function insertPerson(
  { db, audit, clock, random, passwords }: PeopleContext,
  { name, role, bindings = [], password, identity = NO_OIDC }: NewPerson,
  how: { readonly actor: string; readonly admit: (own: Database) => Promise<void> },
): Promise<{ readonly row: KnownPerson; readonly given: GivenBindings }> {
  if (password !== undefined) refuseNameAsPassword(name, password);
  const row: PersonRow = {
    id: random.uuid(),
    name,
    role,
    password: password === undefined ? null : await passwords.hash(password),
    created_at: clock.now(),
    created_by: how.actor,
    disabled_at: null,
    removed_at: null,
    last_sign_in_at: null,
    ...NO_FACTOR,
    ...identity,
  };
  const given = await inTransaction(db, async (own) => {
    await how.admit(own);
    await requireFree(own, identity);
    await own.insertInto('people').values(row).execute();
    const all = await replaceBindings(own, { personId: row.id }, bindings);
    const bound = all.length > 0 ? { bindings: all } : {};
    const fields = { person: name, role, ...bound, ...viewOidc(identity) };
    await audit.record(own, { actor: how.actor, event: 'person_created', fields });
    return all;
  });
  return { row: { ...row, passkeys: 0 }, given };
}

/** @throws PatchError `PERSON_CONFLICT`, `GROUP_NOT_FOUND` */
export async function createPerson(context: PeopleContext, wish: NewPerson, actor: Acting): Promise<Person> {
  const admit = async (own: Database): Promise<void> => {
    requireStill(actor);
    await requireRoom(own, wish.name);
  };
  const { row, given } = await insertPerson(context, wish, { actor: actor.name, admit });
  return toView(row, given);
}

/** Everybody who was not removed, by name. */
export async function listPeople({ db }: Pick<PeopleContext, 'db'>): Promise<Person[]> {
  const rows = await selectPeople(db).orderBy('people.name').execute();
  const given = await viewAllBindings(db);
  return rows.map((row) => toView(row, given.get(row.id) ?? []));
}

interface Written {
  readonly set: Partial<PersonRow>;
  readonly event: 'person_changed' | 'person_reset' | 'person_removed';
  readonly fields?: object;
}

async function removeFactors(own: Database, personId: string): Promise<void> {
  await removeRecoveryCodes(own, personId);
  await own.deleteFrom('passkeys').where('person_id', '=', personId).execute();
}

/** Changes a row, ends the sessions of the person, and records it, in one transaction; undefined changes nothing. */
async function change(
  { db, audit, cuts }: PeopleContext,
  { name, actor }: { readonly name: string; readonly actor: string },
  decide: (row: KnownPerson, own: Database) => Written | undefined | Promise<Written | undefined>,
): Promise<Person> {
  const { view, ended } = await inTransaction(db, async (own) => {
    const before = await getPerson(own, name);
    const wish = await decide(before, own);
    const viewOf = async (row: KnownPerson) => toView(row, await viewBindings(own, { personId: row.id }));
    if (!wish) return { view: await viewOf(before), ended: [] };
    await own.updateTable('people').set(wish.set).where('id', '=', before.id).execute();
    const takesFactors = wish.set.totp_secret === null;
    if (takesFactors) await removeFactors(own, before.id);
    const sessions = await removeSessions(own, before.id);
    const fields = { person: name, ...wish.fields, sessions: sessions.length };
    await audit.record(own, { actor, event: wish.event, fields });
    const passkeys = takesFactors ? 0 : before.passkeys;
    return { view: await viewOf({ ...before, ...wish.set, passkeys }), ended: sessions };
  });
  cuts.end(ended);
  return view;
}

interface Change extends Omit<PersonChange, 'oidc_subject'> {
  /** With which they sign in from now on. */
  readonly identity?: OidcColumns | undefined;
  readonly actor: string;
}

/**
 * Gives other roles, or shuts out and lets in again; what is as wished already changes nothing.
 * @throws PatchError `PERSON_NOT_FOUND`, `PERSON_CONFLICT`, `GROUP_NOT_FOUND`
 */
export async function changePerson(
  context: PeopleContext,
  name: string,
  { role, bindings, disabled, identity, actor }: Change,
): Promise<Person> {
  return change(context, { name, actor }, async (before, own) => {
    const holder = { personId: before.id };
    const given = await viewBindings(own, holder);
    const wished = bindings === undefined ? given : await replaceBindings(own, holder, bindings);
    const isDisabled = disabled ?? before.disabled_at !== null;
    const set = {
      role: role ?? before.role,
      disabled_at: isDisabled ? (before.disabled_at ?? context.clock.now()) : null,
    };
    const isOther = JSON.stringify(wished) !== JSON.stringify(given);
    const way = identity && (await wayOf(own, before, identity));
    if (set.role === before.role && set.disabled_at === before.disabled_at && !isOther && !way)
      return undefined;
    const state = isDisabled ? 'disabled' : 'active';
    const bound = isOther ? { bindings: wished, previous_bindings: given } : {};
    const fields = { role: set.role, previous_role: before.role, ...bound, state, ...(way && viewOidc(way)) };
    return { set: { ...set, ...way }, event: 'person_changed', fields };
  });
}

/**
 * Sets another password, takes authenticator, passkeys and the identity provider away, and lets the person try it at once.
 * @throws PatchError `PERSON_NOT_FOUND`
 */
export async function resetPerson(
  context: PeopleContext,
  name: string,
  { password, actor }: { readonly password: string; readonly actor: Acting },
): Promise<Person> {
  refuseNameAsPassword(name, password);
  const set = { password: await context.passwords.hash(password), ...NO_FACTOR, ...NO_OIDC };
  const view = await change(context, { name, actor: actor.name }, (before) => {
    requireStill(actor);
    const { passkeys } = before;
    const fields = { ...(passkeys > 0 ? { passkeys } : {}), ...viewOidc(before) };
    return { set, event: 'person_reset', fields };
  });
  context.throttle.open(name);
  return view;
}

/** Removes a person; who they were stays on record. @throws PatchError `PERSON_NOT_FOUND` */
export async function removePerson(context: PeopleContext, name: string, actor: string): Promise<Person> {
  const set = { removed_at: context.clock.now(), password: null, ...NO_FACTOR, ...NO_OIDC };
  return change(context, { name, actor }, async ({ id, role }, own) => {
    await replaceBindings(own, { personId: id }, []);
    return { set, event: 'person_removed', fields: { role } };
  });
}
