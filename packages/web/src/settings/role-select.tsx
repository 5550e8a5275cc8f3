import { NativeSelect } from '@mantine/core';
import { NONE } from '../words/rights.ts';

/** What each role may do, the least first. */
const ROLES: Readonly<Record<string, string>> = __ROLES__;

export type RoleName = 'viewer' | 'operator' | 'admin';
export const ROLE_NAMES = Object.keys(ROLES);
/** A role for all hosts, or none beside roles for some. */
export type RoleForAll = RoleName | typeof NONE;

/** What a role lets somebody do. */
export function meaningOf(role: string): string {
  if (role === NONE) return 'Nothing but what the roles for some hosts allow.';
  return ROLES[role] ?? 'This page does not know the role: it may do nothing.';
}

/** Which role; says what it may do. */
export function RoleSelect({
  label,
  value,
  choose,
}: {
  readonly label: string;
  readonly value: string;
  readonly choose: (role: RoleForAll) => void;
}) {
  return (
    <NativeSelect
      label={label}
      description={meaningOf(value)}
      data={[...ROLE_NAMES, NONE]}
      value={value}
      onChange={({ currentTarget }) => choose(currentTarget.value as RoleForAll)}
    />
  );
}
