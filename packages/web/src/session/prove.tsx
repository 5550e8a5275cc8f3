import { Alert, Button, Group, PasswordInput, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { showPasskey } from './passkey.ts';
import { openProvider } from './provider.ts';
import { sessionQuery } from './session.ts';
import { UsePasskey } from './use-passkey.tsx';
import { UseProvider, useProviderName } from './use-provider.tsx';

/** Sends somebody to the identity provider with which they sign in, in a window of its own. */
function ProveByProvider({ proven }: { readonly proven: () => void }) {
  const name = useProviderName() ?? 'your identity provider';
  return (
    <Alert color="blue" title="Is it you?">
      <Text mb="sm">
        This gives or takes trust, so show {name} once more that it is you; good for ten minutes.
      </Text>
      <UseProvider
        words={`Show it with ${name}`}
        waits="Go on in the window that has opened; then this one does."
        act={async (signal) => {
          await openProvider('beginOidcStepUp', signal);
          proven();
        }}
      />
    </Alert>
  );
}

/** Asks somebody who is signed in to show that it is still them, before something that gives or takes trust; whatever was typed stays beside it. */
export function Prove({ proven }: { readonly proven: () => void }) {
  const { data: session } = useQuery(sessionQuery);
  return session?.person.oidc ? <ProveByProvider proven={proven} /> : <ProveHere proven={proven} />;
}

/** By a passkey, a code or the password. */
function ProveHere({ proven }: { readonly proven: () => void }) {
  const { data: session } = useQuery(sessionQuery);
  const [secret, setSecret] = useState('');
  const { second_factor: byCode = false, authenticator = false, passkeys = 0 } = session?.person ?? {};
  const prove = useMutation({
    mutationFn: () => call('stepUp', { body: byCode ? { code: secret.trim() } : { password: secret } }),
    onSuccess: proven,
  });
  const byPasskey = async (): Promise<void> => {
    await call('stepUp', { body: { passkey: await showPasskey(await call('stepUpChallenge')) } });
    proven();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    prove.mutate();
  };
  const field = {
    autoFocus: true,
    required: true,
    value: secret,
    onChange: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) =>
      setSecret(currentTarget.value),
    error: prove.error ? failureOf(prove.error).message : undefined,
    description: byCode
      ? `${authenticator ? 'Or a recovery code' : 'In the place of your passkey'}. This gives or takes trust, so show that it is you; good for ten minutes.`
      : 'This gives or takes trust, so show that it is you; good for ten minutes.',
  };
  return (
    <Alert color="blue" title="Is it you?">
      {passkeys > 0 ? <UsePasskey act={byPasskey} /> : null}
      <form onSubmit={submit}>
        <Group align="end">
          {byCode ? (
            <TextInput
              label={authenticator ? 'Code of your authenticator' : 'Recovery code'}
              autoComplete="one-time-code"
              {...field}
            />
          ) : (
            <PasswordInput
              label="Your password"
              autoComplete="current-password"
              visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
              {...field}
            />
          )}
          <Button type="submit" loading={prove.isPending}>
            Go on
          </Button>
        </Group>
      </form>
    </Alert>
  );
}
