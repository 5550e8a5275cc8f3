import { Alert, Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { showPasskey } from './passkey.ts';
import { goToProvider, openProvider } from './provider.ts';
import { begin } from './session.ts';
import { UsePasskey } from './use-passkey.tsx';
import { UseProvider, useProviderName } from './use-provider.tsx';

/** What takes neither name nor password. */
function OtherWays({ again }: { readonly again: boolean }) {
  const client = useQueryClient();
  const byPasskey = async (): Promise<void> => {
    const proof = await showPasskey(await call('passkeyChallenge'));
    await begin(client, await call('signInWithPasskey', { body: proof }));
  };
  const provider = useProviderName();
  const byProvider = async (signal: AbortSignal): Promise<void> => {
    // What was typed on the page behind this is still there, and is to stay.
    if (!again) return goToProvider();
    await openProvider('beginOidc', signal);
    await begin(client, await call('ownSession'));
  };
  return (
    <>
      <UsePasskey act={byPasskey} />
      {provider === undefined ? null : (
        <UseProvider
          words={`Sign in with ${provider}`}
          act={byProvider}
          {...(again ? { waits: 'Go on in the window that has opened; then this one does.' } : {})}
        />
      )}
    </>
  );
}

/** Asks for name and password, and for a code where the manager wants one; or for a passkey alone. */
export function SignIn({ again }: { readonly again: boolean }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState({ name: '', password: '', code: '' });
  const signIn = useMutation({
    mutationFn: () => {
      const { name, password, code } = typed;
      return call('signIn', { body: { name, password, ...(code === '' ? {} : { code: code.trim() }) } });
    },
    onSuccess: (session) => begin(client, session),
  });
  const failure = signIn.error ? failureOf(signIn.error) : undefined;
  const [takesCode, setTakesCode] = useState(false);
  if (failure?.code === 'SECOND_FACTOR_REQUIRED' && !takesCode) setTakesCode(true);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate();
  };
  const type = (part: Partial<typeof typed>): void => setTyped((before) => ({ ...before, ...part }));
  return (
    <Stack component="main" maw={400} mx="auto" p="md" mt="xl">
      <Title order={1}>Linux Patch</Title>
      <Text>
        {again
          ? 'Your session is over. Sign in again: what you typed on the page is still there.'
          : 'Sign in to see the fleet.'}
      </Text>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            autoComplete="username"
            autoFocus
            required
            maxLength={64}
            value={typed.name}
            onChange={({ currentTarget: { value } }) => type({ name: value })}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={typed.password}
            onChange={({ currentTarget: { value } }) => type({ password: value })}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
          {takesCode ? (
            <TextInput
              label="Code"
              description="Of your authenticator, or a recovery code"
              autoComplete="one-time-code"
              autoFocus
              required
              maxLength={64}
              value={typed.code}
              onChange={({ currentTarget: { value } }) => type({ code: value })}
            />
          ) : null}
          {failure ? (
            <Alert color="red" role="alert">
              {failure.message}
            </Alert>
          ) : null}
          <Button type="submit" loading={signIn.isPending}>
            Sign in
          </Button>
        </Stack>
      </form>
      <OtherWays again={again} />
      {again ? null : (
        <Text size="sm">
          Nobody can sign in yet? As root on the manager's machine:{' '}
          <code>linux-patch-manager people create NAME --role admin</code>
        </Text>
      )}
    </Stack>
  );
}
