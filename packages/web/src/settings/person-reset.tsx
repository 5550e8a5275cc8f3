import type { Person } from '@linux-patch/contract';
import { Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { NewPassword, NOTHING_TYPED, whyNoPassword } from '../session/new-password.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Asked } from '../shell/asked.tsx';
import { useQuestion } from '../shell/use-question.ts';
import { confirmReset } from '../words/confirmations.ts';

/** A new password for somebody who lost theirs. */
export function PersonReset({ person }: { readonly person: Person }) {
  const { name } = person;
  const mayNot = useWhyNot('people:manage');
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const reset = useAct(
    (password: string) => call('resetPerson', { parameters: { name }, body: { password } }),
    () => setTyped(NOTHING_TYPED),
  );
  const question = useQuestion(reset);
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        {person.oidc
          ? `A password for ${name}, in the place of the identity provider`
          : `A new password for ${name}`}
      </Title>
      <form>
        <Stack gap="sm" maw={440}>
          <NewPassword name={name} typed={typed} type={setTyped} />
          <ActButton
            why={mayNot ?? whyNoPassword(typed, name)}
            busy={reset.busy}
            act={() => question.ask(confirmReset(person), typed.password)}
            submit
            quiet
          >
            Give {name} this password
          </ActButton>
        </Stack>
      </form>
      <Asked question={question} why={mayNot} />
      {reset.answer === undefined ? null : (
        <Text role="status">{name} signs in with the new password from now on.</Text>
      )}
    </Paper>
  );
}
