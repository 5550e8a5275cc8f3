import { Alert, Button, Group, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { showPasskey } from './passkey.ts';
import { sessionQuery } from './session.ts';
import { UsePasskey } from './use-passkey.tsx';

/** Asks somebody who is signed in to show that it is still them, before something that gives or takes trust; whatever was typed stays beside it. */
export function Prove({ proven }: { readonly proven: () => void }) {
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
