import { type CreatePerson, PatchError, type Person, type PersonChange } from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { ManagerTables, PersonRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PasswordWork } from './password-work.ts';
import { toView } from './view.ts';

/** Who may sign in, or was shut out. */
const MAX_PEOPLE = 1_000;

export interface PeopleContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly passwords: PasswordWork;
}

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

function refuseNameAsPassword(name: string, password: string): void {
  if (password.toLowerCase() !== name) return;
  const faults = [{ path: 'body.password', message: 'must not be the name' }];
  throw new PatchError('INVALID_REQUEST', 'The request is not valid: body.password: must not be the name', {
    details: { faults },
  });
}

/** @throws PatchError `PERSON_NOT_FOUND` */
async function getPerson(db: Database, name: string): Promise<PersonRow> {
  const row = await db
    .selectFrom('people')
    .selectAll()
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (row) return row;
  throw new PatchError(
    'PERSON_NOT_FOUND',
    'There is no person of this name. "linux-patch-manager people list" shows who there is.',
  );
}

/** @throws PatchError `PERSON_CONFLICT` */
export async function createPerson(
  { db, audit, clock, random, passwords }: PeopleContext,
  { name, role, password }: CreatePerson,
  actor: string,
): Promise<Person> {
  refuseNameAsPassword(name, password);
  const row: PersonRow = {
    id: random.uuid(),
    name,
    role,
    password: await passwords.hash(password),
    created_at: clock.now(),
    created_by: actor,
    disabled_at: null,
    removed_at: null,
    last_sign_in_at: null,
  };
  await inTransaction(db, async (own) => {
    await requireRoom(own, name);
    await own.insertInto('people').values(row).execute();
    await audit.record(own, { actor, event: 'person_created', fields: { person: name, role } });
  });
  return toView(row);
}

/** Everybody who was not removed, by name. */
export async function listPeople({ db }: Pick<PeopleContext, 'db'>): Promise<Person[]> {
  const rows = await db
    .selectFrom('people')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(toView);
}

/** Changes a row, and records it, in one transaction. */
async function change(
  { db, audit }: PeopleContext,
  name: string,
  decide: (row: PersonRow) => {
    readonly set: Partial<PersonRow>;
    readonly entry: Parameters<AuditLog['record']>[1] | undefined;
  },
): Promise<PersonRow> {
  return inTransaction(db, async (own) => {
    const before = await getPerson(own, name);
    const { set, entry } = decide(before);
    if (!entry) return before;
    await own.updateTable('people').set(set).where('id', '=', before.id).execute();
    await audit.record(own, entry);
    return { ...before, ...set };
  });
}

/**
 * Gives another role, or shuts out and lets in again; what is as wished already changes nothing.
 * @throws PatchError `PERSON_NOT_FOUND`
 */
export async function changePerson(
  context: PeopleContext,
  name: string,
  { role, disabled, actor }: PersonChange & { readonly actor: string },
): Promise<Person> {
  const row = await change(context, name, (before) => {
    const isDisabled = disabled ?? before.disabled_at !== null;
    const set = {
      role: role ?? before.role,
      disabled_at: isDisabled ? (before.disabled_at ?? context.clock.now()) : null,
    };
    if (set.role === before.role && set.disabled_at === before.disabled_at) return { set, entry: undefined };
    const fields = {
      person: name,
      role: set.role,
      previous_role: before.role,
      state: isDisabled ? 'disabled' : 'active',
    };
    return { set, entry: { actor, event: 'person_changed', fields } };
  });
  return toView(row);
}

/** Sets another password. @throws PatchError `PERSON_NOT_FOUND` */
export async function resetPerson(
  context: PeopleContext,
  name: string,
  { password, actor }: { readonly password: string; readonly actor: string },
): Promise<Person> {
  refuseNameAsPassword(name, password);
  const set = { password: await context.passwords.hash(password) };
  const entry = { actor, event: 'person_reset', fields: { person: name } } as const;
  return toView(await change(context, name, () => ({ set, entry })));
}

/** Removes a person; who they were stays on record. @throws PatchError `PERSON_NOT_FOUND` */
export async function removePerson(context: PeopleContext, name: string, actor: string): Promise<Person> {
  const set = { removed_at: context.clock.now(), password: null };
  const row = await change(context, name, ({ role }) => ({
    set,
    entry: { actor, event: 'person_removed', fields: { person: name, role } },
  }));
  return toView(row);
}
