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

/** Whether somebody signs in with the identity provider, and has no password. */
export function isOfProvider({ oidc_issuer }: Pick<PersonRow, 'oidc_issuer'>): boolean {
  return oidc_issuer !== null;
}

/**
 * What somebody shows that it is them by: the identity provider for who signs in with it; else a passkey always does where
 * there is one, and a recovery code where a code does.
 */
export function shownBy(person: KnownPerson): 'password' | 'code' | 'passkey' | 'oidc' {
  const { totp_secret, passkeys } = person;
  if (isOfProvider(person)) return 'oidc';
  if (totp_secret !== null) return 'code';
  return passkeys > 0 ? 'passkey' : 'password';
}
