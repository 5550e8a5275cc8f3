import type { Person } from '@linux-patch/contract';
import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { confirmRemove, confirmShutOut } from '../words/confirmations.ts';
import { type RoleName, RoleSelect } from './role-select.tsx';

interface Change {
  readonly role?: RoleName;
  readonly disabled?: boolean;
}

/** Another role; shut out, let in again, removed. */
export function PersonChanges({ person: { name, role, state } }: { readonly person: Person }) {
  const mayNot = useWhyNot('people:manage');
  const [chosen, setChosen] = useState<RoleName>();
  const parameters = { name };
  const change = useAct((body: Change) => call('changePerson', { parameters, body }));
  const shut = useAct((body: Change) => call('changePerson', { parameters, body }));
  const remove = useAct(() => call('removePerson', { parameters }));
  const wanted = chosen ?? role;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        What {name} may do
      </Title>
      <Stack gap="sm" maw={440}>
        <RoleSelect label="Role" value={wanted} choose={setChosen} />
        <ActButton
          why={mayNot ?? (wanted === role ? `${name} has this role.` : undefined)}
          busy={change.busy}
          act={() => change.start({ role: wanted as RoleName })}
        >
          Give {name} the role {wanted}
        </ActButton>
        <Text size="sm">
          Another role counts at once: {name} is signed out everywhere and signs in again.
        </Text>
        <Outcome of={change} />
      </Stack>
      <Group mt="md" align="start">
        {state === 'active' ? (
          <ConfirmButton asks={confirmShutOut(name)} why={mayNot} act={shut} wish={{ disabled: true }} />
        ) : (
          <div>
            <ActButton why={mayNot} busy={shut.busy} act={() => shut.start({ disabled: false })} quiet>
              Let {name} in again
            </ActButton>
            <Outcome of={shut} />
          </div>
        )}
        <ConfirmButton asks={confirmRemove(name)} why={mayNot} act={remove} wish={undefined} />
      </Group>
    </Paper>
  );
}
