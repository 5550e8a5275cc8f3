import { type GivenBindings, isoOf, type Person } from '@linux-patch/contract';
import { hasSecondFactor, type KnownPerson } from './known-person.ts';
import { viewOidc } from './oidc-identity.ts';

/** A person as an administrator sees them. */
export function toView(row: KnownPerson, bindings: GivenBindings): Person {
  return {
    name: row.name,
    role: row.role,
    bindings,
    state: row.disabled_at === null ? 'active' : 'disabled',
    created_at: new Date(row.created_at).toISOString(),
    created_by: row.created_by,
    last_sign_in_at: isoOf(row.last_sign_in_at),
    second_factor: hasSecondFactor(row),
    authenticator: row.totp_secret !== null,
    passkeys: row.passkeys,
    oidc: viewOidc(row),
  };
}
