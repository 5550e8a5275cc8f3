import { Button, Stack, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { sessionQuery, signOut } from '../session/session.ts';
import { describeRights } from '../words/rights.ts';
import { Folded } from './folded.tsx';

const SCREENS = [
  ['/hosts', 'Hosts'],
  ['/updates', 'Updates'],
  ['/jobs', 'Jobs'],
  ['/queue', 'Asking to join'],
  ['/certificates', 'Certificates'],
  ['/audit', 'Audit'],
  ['/settings/ca', 'Settings'],
] as const;

/** The screens, and how many hosts wait on one of them. */
function Screens({ waiting }: { readonly waiting: number }) {
  const { data: session } = useQuery(sessionQuery);
  // What was asked of many hosts is a part of the jobs.
  const isActs = useLocation({ select: ({ pathname }) => pathname.startsWith('/acts') });
  return (
    <nav aria-label="Screens">
      <Link className="shell-link" to="/" activeOptions={{ exact: true }}>
        Dashboard
      </Link>
      {SCREENS.map(([to, name]) => (
        <Link
          key={to}
          className="shell-link"
          to={to}
          {...(to === '/jobs' && isActs ? { 'aria-current': 'page' as const } : {})}
        >
          {name}
          {to === '/queue' && waiting > 0 ? ` (${waiting})` : ''}
        </Link>
      ))}
      <Link className="shell-link" to="/account">
        {session ? `${session.person.name} · ${describeRights(session.person)}` : ''}
      </Link>
    </nav>
  );
}

/** Where one can go, and who is signed in. */
export function Side({ showKeys }: { readonly showKeys: () => void }) {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const { data: status } = useQuery({ ...ask('status'), enabled: session !== null });
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  const leave = useMutation({ mutationFn: () => signOut(client) });
  return (
    <header className="shell-side">
      <Folded title="Linux Patch">
        <Stack gap="sm">
          <Screens waiting={status?.pending_enrollments ?? 0} />
          <Button variant="default" size="xs" onClick={() => setColorScheme(other)}>
            {other === 'dark' ? 'Dark' : 'Light'} colours
          </Button>
          <Button variant="default" size="xs" onClick={showKeys}>
            Keys (?)
          </Button>
          <Button variant="default" size="xs" loading={leave.isPending} onClick={() => leave.mutate()}>
            Sign out
          </Button>
          {leave.error ? <Text size="sm">You are not signed out: {leave.error.message}</Text> : null}
        </Stack>
      </Folded>
    </header>
  );
}
