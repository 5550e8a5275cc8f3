import {
  type GuardedPermission,
  PatchError,
  permissionsOf,
  programPermissions,
  ROLES,
  type Role,
  saidName,
} from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import type { KnownPerson } from '../people/known-person.ts';
import { sessionEndMs } from '../people/session-view.ts';
import type { BoundRole, Rights } from '../reach/reach.ts';

/** Who calls, as far as it is known: the one value by which a call is let through and recorded. */
export interface Actor extends Rights {
  /** As records name it. */
  readonly name: string;
  /** What its permissions come from, for whoever is told that they do not suffice; null for nobody in particular. */
  readonly role: string | null;
  /** Ends what is still open when the caller is no longer let in; absent where that cannot happen. */
  readonly cut?: AbortSignal;
  /** When the session or the token ends by itself, epoch milliseconds; absent where none does. */
  readonly endsAtMs?: number;
  /** Of somebody who signed in. */
  readonly own?: { readonly person: KnownPerson; readonly session: SessionRow };
}

function actorOf(name: string, role: Role): Actor {
  return { name, role, permissions: new Set(ROLES[role].permissions), bindings: [] };
}

/** Nobody asked who this is; agents prove later whose key they hold. */
export const STRANGER: Actor = { name: 'unknown', role: null, permissions: new Set(), bindings: [] };

/** Whoever has the admin token. */
export const TOKEN_HOLDER = actorOf('admin', 'admin');

/**
 * Whoever came in through the socket on this machine: root, or the manager's own user, which both may do everything. Who
 * of several people that is nobody can prove; what the caller says of itself is recorded as just that.
 */
export function localActor(said: string | undefined): Actor {
  return actorOf(said ? `local (says: ${saidName(said)})` : 'local', 'admin');
}

/** Somebody who signed in. */
export function personActor(signedIn: {
  readonly person: KnownPerson;
  readonly session: SessionRow;
  readonly bindings: readonly BoundRole[];
  readonly cut?: AbortSignal;
}): Actor {
  const { person, session, bindings, cut } = signedIn;
  const { name, role } = person;
  return {
    name: `person:${name}`,
    role,
    permissions: permissionsOf(role),
    bindings,
    own: { person, session },
    endsAtMs: sessionEndMs(session),
    ...(cut ? { cut } : {}),
  };
}

/** A program with an API token. */
export function tokenActor(token: {
  readonly name: string;
  readonly role: string;
  readonly allowed: readonly GuardedPermission[];
  readonly bindings: readonly BoundRole[];
  readonly cut: AbortSignal;
  readonly endsAtMs: number;
}): Actor {
  const { name, role, allowed, bindings, cut, endsAtMs } = token;
  const permissions = programPermissions(role, allowed);
  return { name: `api-token:${name}`, role, permissions, bindings, cut, endsAtMs };
}

/** Whose session a route for people was called with; such routes let nobody else in. */
export function ownOf({ own }: Actor): NonNullable<Actor['own']> {
  if (own) return own;
  throw new PatchError('INTERNAL_ERROR', 'A route for people was called without one.');
}
