import { Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { NewPassword, NOTHING_TYPED, whyNoPassword } from '../session/new-password.tsx';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';

/** A new password for somebody who lost theirs. */
export function PersonReset({ name }: { readonly name: string }) {
  const mayNot = useWhyNot('people:manage');
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const reset = useAct(
    () => call('resetPerson', { parameters: { name }, body: { password: typed.password } }),
    () => setTyped(NOTHING_TYPED),
  );
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        A new password for {name}
      </Title>
      <form>
        <Stack gap="sm" maw={440}>
          <NewPassword name={name} typed={typed} type={setTyped} />
          <ActButton
            why={mayNot ?? whyNoPassword(typed, name)}
            busy={reset.busy}
            act={() => reset.start(undefined)}
            submit
            quiet
          >
            Give {name} this password
          </ActButton>
        </Stack>
      </form>
      <Outcome of={reset} />
      {reset.answer === undefined ? null : (
        <Text role="status">{name} signs in with the new password from now on.</Text>
      )}
    </Paper>
  );
}
