import { type GivenBindings, isoOf, type Person } from '@linux-patch/contract';
import type { PersonRow } from '../database/schema.ts';

/** A person as an administrator sees them. */
export function toView(row: PersonRow, bindings: GivenBindings): Person {
  return {
    name: row.name,
    role: row.role,
    bindings,
    state: row.disabled_at === null ? 'active' : 'disabled',
    created_at: new Date(row.created_at).toISOString(),
    created_by: row.created_by,
    last_sign_in_at: isoOf(row.last_sign_in_at),
    second_factor: row.totp_secret !== null,
  };
}
