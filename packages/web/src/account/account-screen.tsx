import { Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { call } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Outcome } from '../session/outcome.tsx';
import { sessionQuery } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { Loaded } from '../states/loaded.tsx';
import { Authenticator } from './authenticator.tsx';
import { OwnPassword } from './own-password.tsx';
import { Passkeys } from './passkeys.tsx';
import { SessionsTable } from './sessions-table.tsx';

function OwnSessions() {
  const query = useQuery(ask('ownSessions'));
  const act = useAct((session: string | undefined) =>
    call('endOwnSessions', { body: session === undefined ? {} : { session } }),
  );
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        Where you are signed in
      </Title>
      <Loaded query={query} what="your sessions">
        {({ sessions }) => (
          <SessionsTable
            sessions={sessions}
            why={undefined}
            busy={act.busy}
            end={(one) => act.start(one?.id)}
          />
        )}
      </Loaded>
      <Outcome of={act} />
    </Paper>
  );
}

/** How one signs in oneself. */
export function AccountScreen() {
  const { data } = useQuery(sessionQuery);
  // What is typed here stays when the session ends.
  const kept = useRef(data);
  if (data) kept.current = data;
  const session = data ?? kept.current;
  if (!session) return null;
  const { person } = session;
  const { name, role } = person;
  return (
    <Stack>
      <Title order={1}>{name}</Title>
      <Text>
        Your role is {role}. Records name you as <code>person:{name}</code>.
      </Text>
      {person.oidc ? (
        <Text>
          You sign in with {new URL(person.oidc.issuer).host}, as {person.oidc.subject}, and in no other way:
          passkeys, authenticator and password are for who has a password here.
        </Text>
      ) : (
        <>
          <Passkeys person={person} />
          <Authenticator person={person} />
        </>
      )}
      <OwnSessions />
      {person.oidc ? null : <OwnPassword name={name} />}
    </Stack>
  );
}
