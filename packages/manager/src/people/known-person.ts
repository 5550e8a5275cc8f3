import type { Database } from '../database/open.ts';
import type { PersonRow } from '../database/schema.ts';

/** Somebody with what they have beside a password. */
export interface KnownPerson extends PersonRow {
  /** How many. */
  readonly passkeys: number;
}

/** Everybody who was not removed, as a question that can be narrowed. */
export function selectPeople(db: Database) {
  return db
    .selectFrom('people')
    .selectAll('people')
    .select((select) =>
      select
        .selectFrom('passkeys')
        .whereRef('passkeys.person_id', '=', 'people.id')
        .select(({ fn }) => fn.countAll<number>().as('number'))
        .$asScalar()
        .$notNull()
        .as('passkeys'),
    )
    .where('people.removed_at', 'is', null);
}

type Factors = Pick<KnownPerson, 'totp_secret' | 'passkeys'>;

/** Whether the password alone does not do. */
export function hasSecondFactor({ totp_secret, passkeys }: Factors): boolean {
  return totp_secret !== null || passkeys > 0;
}

/** What somebody shows that it is them by: a passkey always does where there is one, and a recovery code where a code does. */
export function shownBy({ totp_secret, passkeys }: Factors): 'password' | 'code' | 'passkey' {
  if (totp_secret !== null) return 'code';
  return passkeys > 0 ? 'passkey' : 'password';
}
