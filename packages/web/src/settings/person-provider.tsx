import type { Person } from '@linux-patch/contract';
import { Paper, Stack, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { useProviderName } from '../session/use-provider.tsx';
import { ActButton } from '../shell/act-button.tsx';
import { Asked } from '../shell/asked.tsx';
import { useQuestion } from '../shell/use-question.ts';
import { confirmProvider } from '../words/confirmations.ts';
import { SubjectField, whyNoSubject } from './subject-field.tsx';

/** As whom the identity provider knows somebody; nothing where there is none. */
export function PersonProvider({ person }: { readonly person: Person }) {
  const { name } = person;
  const provider = useProviderName();
  const mayNot = useWhyNot('people:manage');
  const [subject, setSubject] = useState('');
  const change = useAct(
    (oidc_subject: string) => call('changePerson', { parameters: { name }, body: { oidc_subject } }),
    () => setSubject(''),
  );
  const question = useQuestion(change);
  if (provider === undefined) return null;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        Signing in with {provider}
      </Title>
      <form>
        <Stack gap="sm" maw={440}>
          <SubjectField subject={subject} type={setSubject} />
          <ActButton
            why={mayNot ?? whyNoSubject(subject)}
            busy={change.busy}
            act={() => question.ask(confirmProvider(person, provider, subject), subject)}
            submit
            quiet
          >
            Let {name} sign in with {provider}
          </ActButton>
        </Stack>
      </form>
      <Asked question={question} why={mayNot} />
    </Paper>
  );
}
