import type { RoleBinding } from '@linux-patch/contract';
import { Checkbox, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { NewPassword, NOTHING_TYPED, whyNoPassword } from '../session/new-password.tsx';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { useProviderName } from '../session/use-provider.tsx';
import { ActButton } from '../shell/act-button.tsx';
import { whyNoRights } from '../words/rights.ts';
import { BoundRoles } from './bound-roles.tsx';
import { type RoleForAll, RoleSelect } from './role-select.tsx';
import { SubjectField, whyNoSubject } from './subject-field.tsx';

interface Wish {
  readonly name: string;
  readonly role: RoleForAll;
  readonly bindings: RoleBinding[];
  readonly password?: string;
  readonly oidc_subject?: string;
}

/** Makes a person. */
export function NewPerson() {
  const mayNot = useWhyNot('people:manage');
  const [name, setName] = useState('');
  const [role, setRole] = useState<RoleForAll>('viewer');
  const [bindings, setBindings] = useState<RoleBinding[]>([]);
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const provider = useProviderName();
  const [isOfProvider, setOfProvider] = useState(false);
  const [subject, setSubject] = useState('');
  const make = useAct(
    (body: Wish) => call('createPerson', { body }),
    (made) => {
      // Else the next one is being typed already.
      if (made.name !== name) return;
      setName('');
      setBindings([]);
      setTyped(NOTHING_TYPED);
      setSubject('');
    },
  );
  const whyNoWay = isOfProvider ? whyNoSubject(subject) : whyNoPassword(typed, name);
  const whyNot = mayNot ?? (name === '' ? 'Choose a name.' : (whyNoRights({ role, bindings }) ?? whyNoWay));
  const way = isOfProvider ? { oidc_subject: subject } : { password: typed.password };
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
          {provider === undefined ? null : (
            <Checkbox
              label={`Signs in with ${provider}, and has no password here`}
              checked={isOfProvider}
              onChange={({ currentTarget: { checked } }) => setOfProvider(checked)}
            />
          )}
          {isOfProvider ? (
            <SubjectField subject={subject} type={setSubject} />
          ) : (
            <NewPassword name={name} typed={typed} type={setTyped} />
          )}
          <ActButton
            why={whyNot}
            busy={make.busy}
            act={() => make.start({ name, role, bindings, ...way })}
            submit
          >
            Make {name === '' ? 'the person' : name}
          </ActButton>
        </Stack>
      </form>
      <Outcome of={make} />
      {make.answer === undefined ? null : (
        <Text role="status">
          {make.answer.name} may sign in now.{' '}
          {make.answer.oidc
            ? `They do with ${provider ?? 'the identity provider'}.`
            : 'Give them the password in person or by phone; they change it below their name.'}
        </Text>
      )}
    </Paper>
  );
}
