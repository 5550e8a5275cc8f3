import type { CreateApiToken } from '@linux-patch/contract';
import { Checkbox, Stack } from '@mantine/core';

/** One of what lets somebody in. */
export type Guarded = NonNullable<CreateApiToken['allow']>[number];

const GUARDED: Readonly<Record<string, { readonly meaning: string; readonly roles: readonly string[] }>> =
  __GUARDED__;

/** What of it a role has. */
export function allowable(role: string): Guarded[] {
  return Object.entries(GUARDED).flatMap(([name, { roles }]) =>
    roles.includes(role) ? [name as Guarded] : [],
  );
}

/** What lets somebody in, which a program may only do when its token says so. */
export function AllowSelect({
  role,
  chosen,
  choose,
}: {
  readonly role: string;
  readonly chosen: readonly Guarded[];
  readonly choose: (allowed: Guarded[]) => void;
}) {
  const names = allowable(role);
  if (names.length === 0) return null;
  return (
    <Checkbox.Group
      label="It may also let in"
      description="Without a mark here it lets nobody in, whatever the role says: what lets somebody in outlasts a token that is lost."
      value={[...chosen]}
      onChange={(allowed) => choose(allowed as Guarded[])}
    >
      <Stack gap="xs" mt="xs">
        {names.map((name) => (
          <Checkbox key={name} value={name} label={GUARDED[name]?.meaning ?? name} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
