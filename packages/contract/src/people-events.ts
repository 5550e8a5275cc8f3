import { type AuditEventTraits, event } from './audit-event.ts';

/** The part of `MANAGER_AUDIT_EVENTS` about who may call: people, how they sign in, and API tokens. */
export const PEOPLE_EVENTS = {
  api_token_created: event('An API token was made.', 'name', 'role', 'bindings', 'allowed', 'expires_at'),
  api_token_revoked: event('An API token was revoked.', 'name', 'role', 'last_used_at'),
  person_created: event(
    'A person was made: they may sign in with this role, and those for some hosts (`bindings`).',
    'person',
    'role',
    'bindings',
  ),
  first_link_refused: event(
    'Somebody tried to make the first person with a link that was used, is over, or never was.',
    'address',
  ),
  person_changed: event(
    'A person got another role, for all hosts or for some, or was shut out or let in again; all their sessions ended.',
    'person',
    'role',
    'previous_role',
    'bindings',
    'previous_bindings',
    'state',
    'sessions',
  ),
  person_reset: event(
    'A person got a new password from an administrator; the authenticator and the passkeys are gone (`passkeys` were), and all their sessions ended.',
    'person',
    'passkeys',
    'sessions',
  ),
  person_signed_in: event(
    'A person signed in: `by` the password, a password and a code, or a passkey (`passkey` is its name).',
    'person',
    'session',
    'address',
    'by',
    'passkey',
  ),
  person_stepped_up: event(
    'Somebody signed in showed again that it is them, by a passkey, a code or the password.',
    'session',
    'by',
  ),
  second_factor_added: event('A person signs in with a code, too, from now on.', 'person'),
  second_factor_removed: event('A person signs in without a code again.', 'person'),
  recovery_code_used: event(
    'A recovery code took the place of a code; `left` are good still.',
    'person',
    'left',
  ),
  passkey_added: event('A person signs in with this passkey, too, from now on.', 'person', 'passkey'),
  passkey_removed: event('A person signs in with this passkey no more.', 'person', 'passkey'),
  passkey_copied: event(
    'A passkey was refused whose counter did not go on (`counter`, after `last`): somebody has a copy of it, or used it elsewhere with one.',
    'person',
    'passkey',
    'address',
    'counter',
    'last',
  ),
  person_signed_out: event('A person signed out.', 'session'),
  person_sessions_ended: event('Sessions of a person were ended.', 'person', 'sessions'),
  person_password_changed: event(
    'A person chose another password; all their sessions ended.',
    'person',
    'sessions',
  ),
  sign_in_refused: event(
    'Somebody did not sign in: a wrong password, code or passkey (`wrong`), or a person who may not. `person` is there when the name or the passkey is that of one; with a wrong code somebody knows their password.',
    'address',
    'person',
    'wrong',
  ),
  person_removed: event(
    'A person was removed, with their sessions; the name stays taken.',
    'person',
    'role',
    'sessions',
  ),
} as const satisfies Record<string, AuditEventTraits>;
