import type { RoleBinding } from '@linux-patch/contract';
import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { ask } from '../api/queries.ts';
import { ActButton } from '../shell/act-button.tsx';
import { ROLE_NAMES, type RoleName } from './role-select.tsx';

/** As the manager reads it, but for the lengths. */
const HOSTS = /^@(?:group:[A-Za-z0-9][A-Za-z0-9._-]*|[a-z0-9][a-z0-9._-]*=[A-Za-z0-9][A-Za-z0-9._-]*)$/;

function whyNotAdded(on: string, isThere: boolean): string | undefined {
  if (on === '') return 'Say for which hosts.';
  if (!HOSTS.test(on)) return 'Write @group:NAME or @KEY=VALUE, for example @group:web or @env=test.';
  return isThere ? 'That is among them already.' : undefined;
}

/** Roles for the hosts of a group or with a label: shown, taken away and added. */
export function BoundRoles({
  bindings,
  choose,
}: {
  readonly bindings: readonly RoleBinding[];
  readonly choose: (bindings: RoleBinding[]) => void;
}) {
  const { data } = useQuery(ask('listGroups'));
  const listId = useId();
  const [role, setRole] = useState<RoleName>('operator');
  const [on, setOn] = useState('');
  const isThere = bindings.some((one) => one.role === role && one.on === on);
  const why = whyNotAdded(on, isThere);
  const add = (): void => {
    choose([...bindings, { role, on }]);
    setOn('');
  };
  return (
    <Stack gap="xs" component="fieldset" bd="none" p={0} m={0}>
      <Text component="legend" size="sm" fw={500}>
        For some hosts
      </Text>
      <Text size="sm">
        Those of a group or with a label, which only people and join tokens set. Look who is in it first.
      </Text>
      {bindings.map((one) => (
        <Group key={`${one.role} ${one.on}`} gap="sm">
          <Text size="sm">
            {one.role} for {one.on}
          </Text>
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Take away ${one.role} for ${one.on}`}
            onClick={() => choose(bindings.filter((other) => other !== one))}
          >
            Take away
          </Button>
        </Group>
      ))}
      <Group align="end" gap="sm">
        <NativeSelect
          label="As"
          data={ROLE_NAMES}
          value={role}
          onChange={({ currentTarget }) => setRole(currentTarget.value as RoleName)}
        />
        <TextInput
          label="Hosts"
          list={listId}
          placeholder="@group:web"
          autoComplete="off"
          spellCheck={false}
          maxLength={128}
          value={on}
          onChange={({ currentTarget: { value } }) => setOn(value.trim())}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            // Not the whole form.
            event.preventDefault();
            if (why === undefined) add();
          }}
        />
      </Group>
      <datalist id={listId}>
        {data?.groups.map(({ name }) => (
          <option key={name} value={`@group:${name}`} />
        ))}
      </datalist>
      <ActButton why={why} act={add} quiet>
        Add these hosts
      </ActButton>
    </Stack>
  );
}
