import { Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { NewPassword, NOTHING_TYPED, whyNoPassword } from '../session/new-password.tsx';
import { Outcome } from '../session/outcome.tsx';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';

/** Another password for oneself. */
export function OwnPassword({ name }: { readonly name: string }) {
  const [current, setCurrent] = useState('');
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const change = useAct(
    () => call('changeOwnPassword', { body: { current_password: current, new_password: typed.password } }),
    () => {
      setCurrent('');
      setTyped(NOTHING_TYPED);
    },
  );
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        Password
      </Title>
      <Text>Another one ends all of your sessions, this one too: you sign in again with it.</Text>
      <form>
        <Stack gap="sm" maw={440}>
          <PasswordInput
            label="Your current password"
            autoComplete="current-password"
            maxLength={256}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            value={current}
            onChange={({ currentTarget: { value } }) => setCurrent(value)}
          />
          <NewPassword name={name} typed={typed} type={setTyped} />
          <ActButton
            why={current === '' ? 'Type your current password.' : whyNoPassword(typed, name)}
            busy={change.busy}
            act={() => change.start(undefined)}
            submit
            quiet
          >
            Change it
          </ActButton>
        </Stack>
      </form>
      <Outcome of={change} />
    </Paper>
  );
}
