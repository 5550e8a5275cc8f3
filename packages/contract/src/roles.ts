import { z } from 'zod';
import {
  BINDABLE_PERMISSIONS,
  GUARDED_PERMISSIONS,
  type GuardedPermission,
  PERMISSIONS,
  type Permission,
} from './permissions.ts';

const VIEWER = [
  'status:read',
  'metrics:read',
  'ca:read',
  'enrollments:read',
  'tokens:read',
  'hosts:read',
  'certificates:read',
] as const satisfies readonly Permission[];

const OPERATOR = [
  ...VIEWER,
  'enrollments:decide',
  'tokens:manage',
  'hosts:change',
  'hosts:group',
  'hosts:patch',
] as const satisfies readonly Permission[];

interface RoleTraits {
  readonly meaning: string;
  readonly permissions: readonly Permission[];
}

/** What a caller may do: everything that its role names, and nothing else. Each holds all of the one before it. */
export const ROLES = {
  viewer: { meaning: 'Sees the fleet and changes nothing; for monitoring and reports.', permissions: VIEWER },
  operator: {
    meaning: 'Lets hosts join and patches them, too; takes no trust away and gives nobody access.',
    permissions: OPERATOR,
  },
  admin: {
    meaning:
      'May do everything: also remove hosts, revoke certificates, replace the CA, and make API tokens.',
    permissions: Object.keys(PERMISSIONS) as Permission[],
  },
} as const satisfies Record<string, RoleTraits>;

export type Role = keyof typeof ROLES;

const NAMES = Object.keys(ROLES) as Role[];

/** The name of a role. */
export const RoleName = z.enum(NAMES);

/** In the place of a role for all hosts, for who has roles for some hosts only: it is none, and so may do nothing. */
export const NO_ROLE = 'none';

/** What somebody may do with all hosts, and with the manager itself. */
export const RoleForAll = z.enum([...NAMES, NO_ROLE]);
export type RoleForAll = z.infer<typeof RoleForAll>;

/** What a role may do; one that this version does not know may do nothing. */
export function permissionsOf(role: string): ReadonlySet<Permission> {
  return new Set(Object.hasOwn(ROLES, role) ? ROLES[role as Role].permissions : []);
}

/** What a program may do whose token has this role: of what lets somebody in, only what is allowed by name. */
export function programPermissions(
  role: string,
  allowed: readonly GuardedPermission[],
): ReadonlySet<Permission> {
  const denied = GUARDED_PERMISSIONS.filter((one) => !allowed.includes(one));
  return permissionsOf(role).difference(new Set<Permission>(denied));
}

/** What a role may do whose holder has it for some hosts only. */
export function boundPermissionsOf(role: string): ReadonlySet<Permission> {
  return permissionsOf(role).intersection(new Set<Permission>(BINDABLE_PERMISSIONS));
}

/** The roles that may do this, the least of them first. */
export function rolesWith(permission: Permission): Role[] {
  return NAMES.filter((role) => (ROLES[role].permissions as readonly Permission[]).includes(permission));
}
