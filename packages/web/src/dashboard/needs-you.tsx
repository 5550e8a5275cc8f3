import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { identityOf, needsLook } from '../hosts/known-identity.ts';
import { count } from '../words/count.ts';

/** What waits for a person, each with where it is done. */
export function NeedsYou({ figures }: { readonly figures: Answered<'inventory'>['figures'] }) {
  const { data: status } = useQuery(ask('status'));
  const { data: fleet } = useQuery(ask('listHosts'));
  const waiting = status?.pending_enrollments ?? 0;
  const present = (fleet?.hosts ?? []).filter(({ left_at }) => left_at === null);
  const identities = present.map(identityOf);
  const troubled = identities.filter(needsLook).length;
  const fresh = identities.filter((one) => one === 'new').length;
  const toReboot = present.filter(({ reboot }) => reboot.needed).length;
  const all = waiting + troubled + toReboot + figures.unknown;
  const isCalm = status !== undefined && fleet !== undefined && all === 0;
  return (
    <section>
      <Title order={2} size="h4" mt="lg" mb="xs">
        Needs you
      </Title>
      {status && fleet ? null : <Text>Not all of it is known yet.</Text>}
      {isCalm ? <Text>Nothing but the updates that wait.</Text> : null}
      <ul>
        {waiting > 0 ? (
          <li>
            <Link to="/queue">{count(waiting, 'host')} asking to join</Link>
          </li>
        ) : null}
        {figures.unknown > 0 ? (
          <li>
            <Link to="/hosts" search={{ q: 'state:unknown' }}>
              {count(figures.unknown, 'host')} unknown, each with its reason
            </Link>
          </li>
        ) : null}
        {troubled > 0 ? (
          <li>
            <Link to="/hosts" search={{ q: 'identity:trouble' }}>
              {count(troubled, 'host')} with a certificate that needs a look
            </Link>
          </li>
        ) : null}
        {toReboot > 0 ? (
          <li>
            <Link to="/hosts" search={{ q: 'reboot:needed' }}>
              {count(toReboot, 'host')} waiting for a reboot
            </Link>
          </li>
        ) : null}
      </ul>
      {fresh > 0 ? (
        <Text size="sm">
          <Link to="/hosts" search={{ q: 'identity:new' }}>
            {count(fresh, 'host')}
          </Link>{' '}
          joined and {fresh === 1 ? 'was' : 'were'} not asked yet; the manager does that by itself.
        </Text>
      ) : null}
    </section>
  );
}
