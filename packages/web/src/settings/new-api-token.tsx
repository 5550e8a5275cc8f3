import type { RoleBinding } from '@linux-patch/contract';
import { NativeSelect, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Once } from '../words/once.tsx';
import { whyNoRights } from '../words/rights.ts';
import { AllowSelect, allowable, type Guarded } from './allow-select.tsx';
import { BoundRoles } from './bound-roles.tsx';
import { type RoleForAll, RoleSelect } from './role-select.tsx';

const ENDS = [
  { value: '7', label: 'in a week' },
  { value: '30', label: 'in 30 days' },
  { value: '90', label: 'in 90 days' },
  { value: '365', label: 'in a year' },
];

interface Wish {
  readonly name: string;
  readonly role: RoleForAll;
  readonly bindings: RoleBinding[];
  readonly allow: Guarded[];
  readonly expires_days: number;
}

/** Makes an API token, whose secret is shown once. */
export function NewApiToken() {
  const mayNot = useWhyNot('api-tokens:manage');
  const [name, setName] = useState('');
  const [role, setRole] = useState<RoleForAll>('viewer');
  const [bindings, setBindings] = useState<RoleBinding[]>([]);
  const [allow, setAllow] = useState<readonly Guarded[]>([]);
  const [days, setDays] = useState('90');
  const make = useAct(
    (body: Wish) => call('createApiToken', { body }),
    ({ api_token: made }) => {
      setName((typed) => (typed === made.name ? '' : typed));
      setAllow([]);
      setBindings([]);
    },
  );
  return (
    <Paper withBorder p="md" mt="md">
      <Title order={2} size="h4" mb="xs">
        Make an API token
      </Title>
      <form>
        <Stack gap="sm" maw={440}>
          <TextInput
            label="Name"
            description="By which records tell what the program did: small letters, digits, dots and hyphens, for example prometheus-2027."
            autoComplete="off"
            spellCheck={false}
            maxLength={64}
            value={name}
            onChange={({ currentTarget: { value } }) => setName(value.trim().toLowerCase())}
          />
          <RoleSelect label="Role" value={role} choose={setRole} />
          <BoundRoles bindings={bindings} choose={setBindings} />
          <AllowSelect role={role} chosen={allow} choose={setAllow} />
          <NativeSelect
            label="Ends"
            data={ENDS}
            value={days}
            onChange={({ currentTarget: { value } }) => setDays(value)}
          />
          <ActButton
            why={mayNot ?? (name === '' ? 'Choose a name.' : whyNoRights({ role, bindings }))}
            busy={make.busy}
            act={() =>
              make.start({
                name,
                role,
                bindings,
                allow: allowable(role).filter((one) => allow.includes(one)),
                expires_days: Number(days),
              })
            }
            submit
          >
            Make it
          </ActButton>
        </Stack>
      </form>
      <Outcome of={make} />
      {make.answer === undefined ? null : (
        <Once
          title={`The secret of ${make.answer.api_token.name}`}
          secret={make.answer.secret}
          note="The program sends it as Authorization: Bearer. It is shown this once."
        />
      )}
    </Paper>
  );
}
