import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { type Answered, call } from '../api/call.ts';
import { CallFailure } from '../api/call-failure.ts';
import { type Governed, whyNot } from '../words/rights.ts';

export type OwnSession = Answered<'ownSession'>;

/**
 * Who signed in here and did not sign out. The cookie itself cannot be read; without this every stranger who
 * opens the page would be one more refused call on record.
 */
const MARK = 'linux-patch-signed-in';

async function findSession(signal: AbortSignal): Promise<OwnSession | null> {
  if (localStorage.getItem(MARK) === null) return null;
  try {
    return await call('ownSession', { signal });
  } catch (error) {
    if (error instanceof CallFailure && error.code === 'UNAUTHORIZED') return null;
    throw error;
  }
}

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions<OwnSession | null>({
  queryKey: ['session'],
  queryFn: ({ signal }) => findSession(signal),
  staleTime: 60_000,
  refetchInterval: false,
});

/** Takes note of who signed in; what was asked before is asked again, and nothing of it is for another person. */
export async function begin(client: QueryClient, session: OwnSession): Promise<void> {
  const { name } = session.person;
  const before = localStorage.getItem(MARK);
  localStorage.setItem(MARK, name);
  if (before !== null && before !== name) return location.reload();
  client.setQueryData(sessionQuery.queryKey, session);
  await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
}

/** The session is over: the screen asks for the password and keeps what was typed. */
export function end(client: QueryClient): void {
  client.setQueryData(sessionQuery.queryKey, null);
}

/** Signs out; nothing of what was shown stays. */
export async function signOut(client: QueryClient): Promise<void> {
  await call('signOut');
  localStorage.removeItem(MARK);
  client.clear();
  location.assign('/');
}

/** Why whoever is signed in may not do something, to a host where one is meant; undefined when they may. */
export function useWhyNot(permission: string, host?: Governed): string | undefined {
  const { data } = useQuery(sessionQuery);
  return data ? whyNot(data, permission, host) : 'Sign in first.';
}
