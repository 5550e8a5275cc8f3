import { boundPermissionsOf, type Permission } from '@linux-patch/contract';

/** By what hosts are meant that a role is bound to: both are set by people and join tokens alone, never by what a host says. */
export type ReachTerm =
  | { readonly groupId: string }
  | { readonly label: { readonly key: string; readonly value: string } };

/** For which hosts somebody may do something: for all, or for those of any of these terms; without terms for none. */
export type Reach = 'everywhere' | readonly ReachTerm[];

/** A role that somebody has for the hosts of a term. */
export interface BoundRole {
  /** A name of `ROLES`; another version may have written one that this one does not know. */
  readonly role: string;
  readonly term: ReachTerm;
}

/** What somebody may do: these permissions for the whole fleet, and these roles for some hosts. */
export interface Rights {
  readonly permissions: ReadonlySet<Permission>;
  readonly bindings: readonly BoundRole[];
}

/** For which hosts somebody has a permission. */
export function reachOf({ permissions, bindings }: Rights, permission: Permission): Reach {
  if (permissions.has(permission)) return 'everywhere';
  return bindings.filter(({ role }) => boundPermissionsOf(role).has(permission)).map(({ term }) => term);
}

/** Whether it is for any host at all. */
export function reachesAny(reach: Reach): boolean {
  return reach === 'everywhere' || reach.length > 0;
}

/** Whether somebody governs every host that is or will be in a group. */
export function reachesGroup(reach: Reach, groupId: string): boolean {
  return reach === 'everywhere' || reach.some((term) => 'groupId' in term && term.groupId === groupId);
}

/** Whether somebody governs every host that has or will have a label. */
export function reachesLabel(reach: Reach, key: string, value: string): boolean {
  if (reach === 'everywhere') return true;
  return reach.some((term) => 'label' in term && term.label.key === key && term.label.value === value);
}
