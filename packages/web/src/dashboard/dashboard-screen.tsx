import { Alert, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { When } from '../words/when.tsx';
import { AddFirstHost } from './add-first-host.tsx';
import { Figure } from './figure.tsx';
import { NeedsYou } from './needs-you.tsx';
import { OverTime } from './over-time.tsx';
import { verdictOf } from './verdict.ts';

const COLOURS = { good: 'green', act: 'red', unknown: 'yellow' } as const;
const MARKS = { good: '✓', act: '▲', unknown: '?' } as const;

/** Whether the fleet is safe, and what needs somebody now. */
export function DashboardScreen() {
  const query = useQuery(ask('inventory', { query: { limit: 1 } }));
  return (
    <>
      <Title order={1} mb="md">
        Dashboard
      </Title>
      <Loaded query={query} what="the figures of the fleet">
        {({ figures }) => {
          const { tone, sentence, search } = verdictOf(figures);
          return (
            <>
              <Alert color={COLOURS[tone]} mb="md">
                <Text fw={600}>
                  <span aria-hidden="true">{MARKS[tone]} </span>
                  {sentence}
                </Text>
                {search === undefined ? null : (
                  <Link to="/hosts" search={{ q: search }}>
                    {search === 'state:unknown'
                      ? 'See why they are unknown'
                      : 'See them, and install what waits'}
                  </Link>
                )}
              </Alert>
              <ul className="figures" aria-label={count(figures.hosts, 'host')}>
                <Figure number={figures.current} name="current" mark="✓" search="state:current" />
                <Figure number={figures.behind} name="behind" mark="▲" search="state:behind" />
                <Figure number={figures.unknown} name="unknown" mark="?" search="state:unknown" />
                <Figure number={figures.hosts} name="all hosts" mark="=" search={undefined} />
                <Figure
                  number={figures.security}
                  name="behind on security"
                  mark="✖"
                  search="state:behind security:yes"
                />
              </ul>
              <Text size="sm" mt="xs">
                {figures.oldest_listed_at === null ? (
                  'No host has said yet what waits on it.'
                ) : (
                  <>
                    The oldest answer of a host in these figures is from{' '}
                    <When at={figures.oldest_listed_at} />.
                  </>
                )}
              </Text>
              {figures.hosts === 0 ? <AddFirstHost beside /> : <NeedsYou figures={figures} />}
              {figures.hosts === 0 ? null : <OverTime />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
