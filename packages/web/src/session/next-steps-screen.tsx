import { List, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { AddFirstHost } from '../dashboard/add-first-host.tsx';
import { sessionQuery } from './session.ts';

/** What to do after the first sign-in. */
export function NextStepsScreen() {
  const { data: session } = useQuery(sessionQuery);
  return (
    <Stack>
      <Title order={1}>What comes next</Title>
      <Text>
        You are signed in as {session?.person.name}, who may do everything. The link made you and works no
        more.
      </Text>
      <List type="ordered">
        <List.Item>
          <Link to="/account">Add a passkey or set up an authenticator</Link>, so that your password alone
          signs nobody in.
        </List.Item>
        <List.Item>
          Keep a copy of the certificate authority, offline: when the manager&apos;s disk is lost without one,
          every host has to join again. As root on the manager&apos;s machine:{' '}
          <code>linux-patch-manager backup FILE</code>
        </List.Item>
        <List.Item>
          Add a host, as below. It then waits among those <Link to="/queue">asking to join</Link> until you
          let it in.
        </List.Item>
      </List>
      <AddFirstHost />
    </Stack>
  );
}
