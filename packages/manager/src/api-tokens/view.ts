import {
  type ApiToken,
  type GivenBindings,
  GuardedName,
  type GuardedPermission,
} from '@linux-patch/contract';
import { z } from 'zod';
import type { ApiTokenRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';

/** Whether a token counts now. */
export function stateOf(
  row: Pick<ApiTokenRow, 'revoked_at' | 'expires_at'>,
  nowMs: number,
): ApiToken['state'] {
  if (row.revoked_at !== null) return 'revoked';
  return row.expires_at <= nowMs ? 'expired' : 'active';
}

const Allowed = z.array(GuardedName);

/** What a token may do of what lets somebody in; one that another version wrote otherwise may do none of it. */
export function allowedOf({ allowed }: Pick<ApiTokenRow, 'allowed'>): GuardedPermission[] {
  return readStored(Allowed, allowed, []);
}

function instant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** A token as an administrator sees it. */
export function toView(row: ApiTokenRow, bindings: GivenBindings, nowMs: number): ApiToken {
  return {
    name: row.name,
    role: row.role,
    bindings,
    allowed: allowedOf(row),
    state: stateOf(row, nowMs),
    created_at: new Date(row.created_at).toISOString(),
    created_by: row.created_by,
    expires_at: new Date(row.expires_at).toISOString(),
    revoked_at: instant(row.revoked_at),
    last_used_at: instant(row.last_used_at),
    last_used_from: row.last_used_from,
  };
}
