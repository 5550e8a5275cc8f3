import { PatchError, type SetUp } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { PeopleContext } from './context.ts';
import type { FirstLink } from './first-link.ts';
import { beginSession } from './sessions.ts';
import { type Door, type SignedIn } from './sign-in.ts';
import { insertPerson } from './store.ts';

/** As records name whoever had the link. */
const ACTOR = 'first-link';

function refusal(): PatchError {
  return new PatchError(
    'FORBIDDEN',
    "This link makes nobody: it was used, its hour is over, or there are people already. Nothing was done. As root on the manager's machine: linux-patch-manager people create NAME --role admin",
  );
}

/** Also who was removed is somebody. */
async function requireNobody(db: Database): Promise<void> {
  if (await db.selectFrom('people').select('id').limit(1).executeTakeFirst()) throw refusal();
}

/**
 * Makes the first person, an administrator, for whoever has the link of `init`, and signs them in; once.
 * @throws PatchError `FORBIDDEN`, `INVALID_REQUEST`
 */
export async function makeFirstPerson(
  context: PeopleContext,
  { link, door }: { readonly link: FirstLink; readonly door: Door },
  { secret, name, password }: SetUp,
): Promise<SignedIn> {
  const { address, client } = door;
  if (!(await link.isGood(secret))) {
    const entry = { actor: 'unknown', event: 'first_link_refused', fields: { address } } as const;
    await context.audit.record(context.db, { ...entry, stranger: address });
    throw refusal();
  }
  await requireNobody(context.db);
  const wish = { name, password, role: 'admin' } as const;
  const { row: person } = await insertPerson(context, wish, { actor: ACTOR, admit: requireNobody });
  await link.remove();
  const place = { address, client, before: undefined, how: { by: 'password' } } as const;
  return { person, ...(await beginSession(context, person, place)) };
}
