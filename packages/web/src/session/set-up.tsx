import { Alert, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { ActButton } from '../shell/act-button.tsx';
import { NewPassword, NOTHING_TYPED, whyNoPassword } from './new-password.tsx';
import { Outcome } from './outcome.tsx';
import { begin } from './session.ts';
import { useAct } from './use-act.ts';

/**
 * Makes the first person for whoever has the link of `init`.
 * @param secret what is behind the # of the link; it leaves the browser only in the body of the call
 */
export function SetUp({ secret }: { readonly secret: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [typed, setTyped] = useState(NOTHING_TYPED);
  const setUp = useAct(async () => {
    const session = await call('setUp', { body: { secret, name, password: typed.password } });
    await navigate({ to: '/setup', hash: '', replace: true });
    await begin(client, session);
  });
  const whyNot = name === '' ? 'Choose a name.' : whyNoPassword(typed, name);
  return (
    <Stack component="main" maw={440} mx="auto" p="md" mt="xl">
      <Title order={1}>Linux Patch</Title>
      <Text>
        Nobody can sign in to this manager yet. Whoever has this link makes the first person, who may do
        everything; it works once, and for an hour.
      </Text>
      <form>
        <Stack>
          <TextInput
            label="Your name"
            description="Small letters, digits, dots, hyphens, underscores and @; records will say what you did by it."
            autoComplete="username"
            autoFocus
            maxLength={64}
            spellCheck={false}
            value={name}
            onChange={({ currentTarget: { value } }) => setName(value.trim().toLowerCase())}
          />
          <NewPassword name={name} typed={typed} type={setTyped} />
          <ActButton why={whyNot} busy={setUp.busy} act={() => setUp.start(undefined)} submit>
            Begin
          </ActButton>
        </Stack>
      </form>
      <Outcome of={setUp} />
      <Alert color="blue" title="Is this your manager?">
        A browser that does not know its CA warns of it first. The CA fingerprint stands in what
        &quot;linux-patch-manager init&quot; printed, beside this link.
      </Alert>
    </Stack>
  );
}
