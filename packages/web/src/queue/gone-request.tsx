import type { Enrollment } from '@linux-patch/contract';
import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { sessionQuery } from '../session/session.ts';
import { saidText } from '../words/said-text.ts';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';

/** What became of a request in one sentence; undefined while it still waits. */
function sentenceOf({ state, decided_by: by, ...said }: Enrollment, own: string): string | undefined {
  const fqdn = saidText(said.fqdn);
  const decider = by === `person:${own}` ? 'You' : by === null ? 'Somebody' : who(by);
  if (state === 'approved' || state === 'installed') return `${decider} let ${fqdn} in`;
  if (state === 'denied') return `${decider} denied ${fqdn}; its host can ask again`;
  if (state === 'expired')
    return `Nobody decided about ${fqdn} in time; its host asks again by itself. It expired`;
  return undefined;
}

/** Says of a request that is not in the list any more what became of it, also when it was somebody else who decided. */
export function GoneRequest({ id, fqdn }: { readonly id: string; readonly fqdn: string }) {
  const { data: session } = useQuery(sessionQuery);
  const { data, error } = useQuery(ask('getEnrollment', { parameters: { id } }));
  if (!data)
    return error ? <Text role="status">The request of {saidText(fqdn)} is no longer on record.</Text> : null;
  const sentence = sentenceOf(data, session?.person.name ?? '');
  if (sentence === undefined) return null;
  return (
    <Alert color="blue" role="status">
      {sentence}, <When at={data.decided_at ?? data.expires_at} />.{' '}
      {data.state === 'approved' || data.state === 'installed' ? (
        <Link to="/hosts/$name" params={{ name: data.fqdn }}>
          See what waits on {saidText(fqdn)}
        </Link>
      ) : null}
    </Alert>
  );
}
