import { NativeSelect } from '@mantine/core';

/** What each role may do, the least first. */
const ROLES: Readonly<Record<string, string>> = __ROLES__;

export type RoleName = 'viewer' | 'operator' | 'admin';

/** What a role lets somebody do. */
export function meaningOf(role: string): string {
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
  readonly choose: (role: RoleName) => void;
}) {
  return (
    <NativeSelect
      label={label}
      description={meaningOf(value)}
      data={Object.keys(ROLES)}
      value={value}
      onChange={({ currentTarget }) => choose(currentTarget.value as RoleName)}
    />
  );
}
