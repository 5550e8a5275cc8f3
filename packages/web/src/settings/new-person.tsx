import type { RoleBinding } from '@linux-patch/contract';
import { Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { NewPassword, NOTHING_TYPED, whyNoPassword } from '../session/new-password.tsx';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { whyNoRights } from '../words/rights.ts';
import { BoundRoles } from './bound-roles.tsx';
import { type RoleForAll, RoleSelect } from './role-select.tsx';

interface Wish {
  readonly name: string;
  readonly role: RoleForAll;
  readonly bindings: RoleBinding[];
  readonly password: string;
}

/** Makes a person. */
export function NewPerson() {
  const mayNot = useWhyNot('people:manage');
  const [name, setName] = useState('');
  const [role, setRole] = useState<RoleForAll>('viewer');
  const [bindings, setBindings] = useState<RoleBinding[]>([]);
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const make = useAct(
    (body: Wish) => call('createPerson', { body }),
    (made) => {
      // Else the next one is being typed already.
      if (made.name !== name) return;
      setName('');
      setBindings([]);
      setTyped(NOTHING_TYPED);
    },
  );
  const whyNot =
    mayNot ??
    (name === '' ? 'Choose a name.' : (whyNoRights({ role, bindings }) ?? whyNoPassword(typed, name)));
  return (
    <Paper withBorder p="md" mt="md">
      <Title order={2} size="h4" mb="xs">
        Make a person
      </Title>
      <form>
        <Stack gap="sm" maw={440}>
          <TextInput
            label="Name"
            description="Small letters, digits, dots, hyphens, underscores and @."
            autoComplete="off"
            spellCheck={false}
            maxLength={64}
            value={name}
            onChange={({ currentTarget: { value } }) => setName(value.trim().toLowerCase())}
          />
          <RoleSelect label="Role" value={role} choose={setRole} />
          <BoundRoles bindings={bindings} choose={setBindings} />
          <NewPassword name={name} typed={typed} type={setTyped} />
          <ActButton
            why={whyNot}
            busy={make.busy}
            act={() => make.start({ name, role, bindings, password: typed.password })}
            submit
          >
            Make {name === '' ? 'the person' : name}
          </ActButton>
        </Stack>
      </form>
      <Outcome of={make} />
      {make.answer === undefined ? null : (
        <Text role="status">
          {make.answer.name} may sign in now. Give them the password in person or by phone; they change it
          below their name.
        </Text>
      )}
    </Paper>
  );
}
