import { Button, Stack, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { sessionQuery, signOut } from '../session/session.ts';
import { describeRights } from '../words/rights.ts';

/** Where one can go, and who is signed in. */
export function Side() {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const { data: status } = useQuery({ ...ask('status'), enabled: session !== null });
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  const leave = useMutation({ mutationFn: () => signOut(client) });
  const waiting = status?.pending_enrollments ?? 0;
  return (
    <header className="shell-side">
      <Stack gap="sm">
        <Text fw={700}>Linux Patch</Text>
        <nav aria-label="Screens">
          <Link className="shell-link" to="/" activeOptions={{ exact: true }}>
            Dashboard
          </Link>
          <Link className="shell-link" to="/hosts">
            Hosts
          </Link>
          <Link className="shell-link" to="/updates">
            Updates
          </Link>
          <Link className="shell-link" to="/jobs">
            Jobs
          </Link>
          <Link className="shell-link" to="/queue">
            Queue{waiting > 0 ? ` (${waiting})` : ''}
          </Link>
          <Link className="shell-link" to="/certificates">
            Certificates
          </Link>
          <Link className="shell-link" to="/audit">
            Audit
          </Link>
          <Link className="shell-link" to="/settings/ca">
            Settings
          </Link>
          <Link className="shell-link" to="/account">
            {session ? `${session.person.name} · ${describeRights(session.person)}` : ''}
          </Link>
        </nav>
        <Button variant="default" size="xs" onClick={() => setColorScheme(other)}>
          {other === 'dark' ? 'Dark' : 'Light'} colours
        </Button>
        <Button variant="default" size="xs" loading={leave.isPending} onClick={() => leave.mutate()}>
          Sign out
        </Button>
        {leave.error ? <Text size="sm">You are not signed out: {leave.error.message}</Text> : null}
        <Text size="xs">
          Keys: / search · g d dashboard · g h hosts · g u updates · g j jobs · g q queue · g c certificates ·
          g a audit · g s settings
        </Text>
      </Stack>
    </header>
  );
}
