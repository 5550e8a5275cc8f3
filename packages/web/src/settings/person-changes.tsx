import type { Person } from '@linux-patch/contract';
import { Group, Paper, Stack, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Asked } from '../shell/asked.tsx';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { useQuestion } from '../shell/use-question.ts';
import { confirmLetBackIn, confirmRemove, confirmRole, confirmShutOut } from '../words/confirmations.ts';
import { meaningOf, type RoleName, RoleSelect } from './role-select.tsx';

interface Change {
  readonly role?: RoleName;
  readonly disabled?: boolean;
}

/** Another role; shut out, let in again, removed. */
export function PersonChanges({ person }: { readonly person: Person }) {
  const { name, role, state } = person;
  const mayNot = useWhyNot('people:manage');
  const [chosen, setChosen] = useState<RoleName>();
  const parameters = { name };
  const change = useAct((body: Change) => call('changePerson', { parameters, body }));
  const shut = useAct((body: Change) => call('changePerson', { parameters, body }));
  const letIn = useAct((body: Change) => call('changePerson', { parameters, body }));
  const remove = useAct(() => call('removePerson', { parameters }));
  const question = useQuestion(change);
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
          act={() =>
            question.ask(confirmRole(person, wanted, meaningOf(wanted)), { role: wanted as RoleName })
          }
        >
          Give {name} the role {wanted}
        </ActButton>
        <Asked question={question} why={mayNot} />
      </Stack>
      <Group mt="md" align="start">
        {state === 'active' ? (
          <ConfirmButton asks={confirmShutOut(name)} why={mayNot} act={shut} wish={{ disabled: true }} />
        ) : (
          <ConfirmButton
            asks={confirmLetBackIn(person)}
            why={mayNot}
            act={letIn}
            wish={{ disabled: false }}
          />
        )}
        <ConfirmButton asks={confirmRemove(name)} why={mayNot} act={remove} wish={undefined} />
      </Group>
    </Paper>
  );
}
