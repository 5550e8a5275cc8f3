import type { Person } from '@linux-patch/contract';
import { Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { type Answered, call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { type Act, useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { confirmRemoveAuthenticator } from '../words/confirmations.ts';
import { Once } from '../words/once.tsx';
import { ToPaste } from '../words/to-paste.tsx';
import { QrCode } from './qr-code.tsx';

function Offered({
  offer: { secret, uri },
  confirm,
}: {
  readonly offer: Answered<'offerAuthenticator'>;
  readonly confirm: Act<string, unknown>;
}) {
  const [code, setCode] = useState('');
  return (
    <Stack gap="sm">
      <Text>Let your authenticator read this picture, or type the key into it.</Text>
      <QrCode text={uri} label="The key, for an authenticator to read" />
      <ToPaste name="The key, for typing" text={secret} shown={secret.replaceAll(/(.{4})(?!$)/g, '$1 ')} />
      <form>
        <Stack gap="sm" align="start">
          <TextInput
            label="The code that it shows now"
            description="It counts from then on; until then nothing has changed."
            autoComplete="one-time-code"
            inputMode="numeric"
            maxLength={16}
            value={code}
            onChange={({ currentTarget: { value } }) => setCode(value)}
          />
          <ActButton
            why={/^\d{6}$/.test(code.replaceAll(' ', '')) ? undefined : 'A code has six digits.'}
            busy={confirm.busy}
            act={() => confirm.start(code.replaceAll(' ', ''))}
            submit
          >
            Sign in with it from now on
          </ActButton>
        </Stack>
      </form>
      <Outcome of={confirm} />
    </Stack>
  );
}

/** What signing in takes, as far as it goes by a code. */
function stateOf({ authenticator, passkeys }: Person): string {
  if (authenticator) return '✓ Signing in takes a code of your authenticator.';
  return passkeys > 0
    ? 'You have no authenticator. Your passkeys sign you in, or your password with a recovery code.'
    : '▲ Your password alone signs you in. Whoever learns it can sign in as you.';
}

/** The second thing that signing in takes. */
export function Authenticator({ person }: { readonly person: Person }) {
  const offer = useAct(() => call('offerAuthenticator'));
  const confirm = useAct((code: string) => call('confirmAuthenticator', { body: { code } }));
  const remove = useAct(
    () => call('removeAuthenticator'),
    () => {
      offer.forget();
      confirm.forget();
    },
  );
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          Authenticator
        </Title>
        <Text>{stateOf(person)}</Text>
        {confirm.answer === undefined ? null : (
          <Once
            title="Recovery codes"
            secret={confirm.answer.recovery_codes.join('\n')}
            note="Each signs in once when the authenticator is lost. Keep them where it is not. They are shown this once."
          />
        )}
        {person.authenticator ? (
          <ConfirmButton
            asks={confirmRemoveAuthenticator(person)}
            why={undefined}
            act={remove}
            wish={undefined}
          />
        ) : offer.answer === undefined ? (
          <>
            <ActButton why={undefined} busy={offer.busy} act={() => offer.start(undefined)}>
              Set up an authenticator
            </ActButton>
            <Outcome of={offer} />
          </>
        ) : (
          <Offered offer={offer.answer} confirm={confirm} />
        )}
      </Stack>
    </Paper>
  );
}
