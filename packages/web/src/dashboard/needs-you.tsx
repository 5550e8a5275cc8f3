import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { identityOf, needsLook } from '../hosts/known-identity.ts';
import { count } from '../words/count.ts';

type Figures = Answered<'inventory'>['figures'];

/** What hosts are unknown for, where somebody has to look; those that joined a moment ago alone are no reason. */
function unknownIn({ unknown, not_asked: notAsked }: Figures): string | undefined {
  if (unknown === notAsked) return undefined;
  const some = notAsked === 0 ? '' : ` (${notAsked.toLocaleString('en')} were not asked yet)`;
  return `unknown, each with its reason${some}`;
}

/** Hosts that the manager asks by itself, which is nobody's work. */
function NotAsked({ number, search }: { readonly number: number; readonly search: string }) {
  return (
    <Text size="sm">
      <Link to="/hosts" search={{ q: search }}>
        {count(number, 'host')}
      </Link>{' '}
      joined and {number === 1 ? 'was' : 'were'} not asked yet; the manager does that by itself.
    </Text>
  );
}

/** What waits for a person, each with where it is done. */
export function NeedsYou({ figures }: { readonly figures: Figures }) {
  const { data: status } = useQuery(ask('status'));
  const { data: fleet } = useQuery(ask('listHosts'));
  const waiting = status?.pending_enrollments ?? 0;
  const present = (fleet?.hosts ?? []).filter(({ left_at }) => left_at === null);
  const identities = present.map(identityOf);
  const fresh = identities.filter((one) => one === 'new').length;
  const unknown = unknownIn(figures);
  const hosts = [
    { number: unknown === undefined ? 0 : figures.unknown, search: 'state:unknown', what: unknown },
    {
      number: identities.filter(needsLook).length,
      search: 'identity:trouble',
      what: 'with a certificate that needs a look',
    },
    {
      number: present.filter(({ reboot }) => reboot.needed).length,
      search: 'reboot:needed',
      what: 'waiting for a reboot',
    },
  ].filter(({ number }) => number > 0);
  const isCalm = status !== undefined && fleet !== undefined && waiting === 0 && hosts.length === 0;
  return (
    <section>
      <Title order={2} size="h4" mt="lg" mb="xs">
        Needs you
      </Title>
      {status && fleet ? null : <Text>Not all of it is known yet.</Text>}
      {isCalm ? (
        <Text>
          Nothing but <Link to="/updates">the updates that wait</Link>.
        </Text>
      ) : null}
      <ul>
        {waiting > 0 ? (
          <li>
            <Link to="/queue">{count(waiting, 'host')} asking to join</Link>
          </li>
        ) : null}
        {hosts.map(({ number, search, what }) => (
          <li key={search}>
            <Link to="/hosts" search={{ q: search }}>
              {count(number, 'host')} {what}
            </Link>
          </li>
        ))}
      </ul>
      {fresh > 0 ? (
        <NotAsked number={fresh} search="identity:new" />
      ) : unknown === undefined && figures.unknown > 0 ? (
        <NotAsked number={figures.unknown} search="state:unknown" />
      ) : null}
    </section>
  );
}
