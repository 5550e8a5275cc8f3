import type { Person, RoleBinding } from '@linux-patch/contract';
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
import { describeRights, whyNoRights } from '../words/rights.ts';
import { BoundRoles } from './bound-roles.tsx';
import { meaningOf, type RoleForAll, RoleSelect } from './role-select.tsx';

interface Change {
  readonly role?: RoleForAll;
  readonly bindings?: RoleBinding[];
  readonly disabled?: boolean;
}

/** Another role; shut out, let in again, removed. */
export function PersonChanges({ person }: { readonly person: Person }) {
  const { name, state } = person;
  const mayNot = useWhyNot('people:manage');
  const [role, setRole] = useState<RoleForAll>();
  const [bindings, setBindings] = useState<RoleBinding[]>();
  const parameters = { name };
  const change = useAct(
    (body: Change) => call('changePerson', { parameters, body }),
    () => {
      setRole(undefined);
      setBindings(undefined);
    },
  );
  const shut = useAct((body: Change) => call('changePerson', { parameters, body }));
  const letIn = useAct((body: Change) => call('changePerson', { parameters, body }));
  const remove = useAct(() => call('removePerson', { parameters }));
  const question = useQuestion(change);
  const wanted = {
    role: role ?? (person.role as RoleForAll),
    bindings: bindings ?? (person.bindings as RoleBinding[]),
  };
  const [words, before] = [describeRights(wanted), describeRights(person)];
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        What {name} may do
      </Title>
      <Stack gap="sm" maw={440}>
        <RoleSelect label="Role" value={wanted.role} choose={setRole} />
        <BoundRoles bindings={wanted.bindings} choose={setBindings} />
        <ActButton
          why={mayNot ?? (words === before ? `${name} has this role.` : whyNoRights(wanted))}
          busy={change.busy}
          act={() => question.ask(confirmRole({ name, role: before }, words, meaningOf(wanted.role)), wanted)}
        >
          Give {name} the role {words}
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
