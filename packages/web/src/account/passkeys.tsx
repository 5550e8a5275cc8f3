import type { Passkey, Person } from '@linux-patch/contract';
import { Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Outcome } from '../session/outcome.tsx';
import { makePasskey } from '../session/passkey.ts';
import { useAct } from '../session/use-act.ts';
import { useWhyNoPasskey } from '../session/use-passkey.tsx';
import { ActButton } from '../shell/act-button.tsx';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { confirmRemovePasskey } from '../words/confirmations.ts';
import { Listing, Row } from '../words/listing.tsx';
import { Once } from '../words/once.tsx';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';

function PasskeysTable({
  passkeys,
  person,
}: {
  readonly passkeys: readonly Passkey[];
  readonly person: Person;
}) {
  const remove = useAct((id: string) => call('removePasskey', { parameters: { id } }));
  if (passkeys.length === 0) return <Empty title="You have no passkey." />;
  return (
    <Listing caption="Your passkeys, oldest first" columns={['Name', 'Made', 'Used', 'Change']}>
      {passkeys.map(({ id, name, created_at, last_used_at }) => (
        <Row
          key={id}
          cells={[
            <Said key="name" text={name} />,
            <When key="made" at={created_at} />,
            <When key="used" at={last_used_at} />,
            <ConfirmButton
              key="remove"
              asks={confirmRemovePasskey(name, person)}
              why={undefined}
              act={remove}
              wish={id}
            />,
          ]}
        />
      ))}
    </Listing>
  );
}

function AddPasskey() {
  const [name, setName] = useState('');
  const whyNone = useWhyNoPasskey();
  const add = useAct(
    async (wish: string) => {
      const made = await makePasskey(await call('offerPasskey'));
      return call('addPasskey', { body: { name: wish, ...made } });
    },
    () => setName(''),
  );
  const codes = add.answer?.recovery_codes ?? [];
  return (
    <>
      {codes.length === 0 ? null : (
        <Once
          title="Recovery codes"
          secret={codes.join('\n')}
          note="Each signs in once, with your password, when the passkey is lost. Keep them where it is not. They are shown this once."
        />
      )}
      <form>
        <Stack gap="sm" align="start">
          <TextInput
            label="Name of the new passkey"
            description="By which you know it again, for example telephone"
            maxLength={64}
            value={name}
            onChange={({ currentTarget: { value } }) => setName(value)}
          />
          <ActButton
            why={whyNone ?? (name.trim() === '' ? 'Give it a name.' : undefined)}
            busy={add.busy}
            act={() => add.start(name.trim())}
            submit
          >
            Add a passkey
          </ActButton>
        </Stack>
      </form>
      <Outcome of={add} />
    </>
  );
}

/** What signs in without a password. */
export function Passkeys({ person }: { readonly person: Person }) {
  const query = useQuery(ask('listPasskeys'));
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          Passkeys
        </Title>
        <Text>
          A passkey is kept by your telephone, your computer or a security key, and signs you in with a PIN, a
          finger or a face instead of password and code. From the first one on your password alone signs you
          in no more.
        </Text>
        <Loaded query={query} what="your passkeys">
          {({ passkeys }) => <PasskeysTable passkeys={passkeys} person={person} />}
        </Loaded>
        <AddPasskey />
      </Stack>
    </Paper>
  );
}
