import { PERMISSIONS, type Permission, saidName } from '@linux-patch/contract';

/** Who calls, as far as it is known: the one value by which a call is let through and recorded. */
export interface Actor {
  /** As records name it. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
}

const EVERYTHING: ReadonlySet<Permission> = new Set(Object.keys(PERMISSIONS) as Permission[]);

/** Nobody asked who this is; agents prove later whose key they hold. */
export const STRANGER: Actor = { name: 'unknown', permissions: new Set() };

/** Whoever has the admin token. */
export const TOKEN_HOLDER: Actor = { name: 'admin', permissions: EVERYTHING };

/**
 * Whoever came in through the socket on this machine: root, or the manager's own user, which both may do everything. Who
 * of several people that is nobody can prove; what the caller says of itself is recorded as just that.
 */
export function localActor(said: string | undefined): Actor {
  const name = said ? `local (says: ${saidName(said)})` : 'local';
  return { name, permissions: EVERYTHING };
}
