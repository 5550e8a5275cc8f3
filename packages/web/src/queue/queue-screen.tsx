import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/queries.ts';
import { AddFirstHost } from '../dashboard/add-first-host.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { RequestCard } from './request-card.tsx';

const SHOWN = 50;

/** Who wants in, and whether it is really them. */
export function QueueScreen() {
  const query = useQuery(ask('listEnrollments', { query: { state: 'pending', limit: SHOWN } }));
  return (
    <>
      <Title order={1} mb="md">
        Queue
      </Title>
      <Text mb="md">
        A host that asks to join shows a code. Read it on the host itself with{' '}
        <code>linux-patch-api status</code> and type it here: it proves to both sides that nobody is in
        between.
      </Text>
      <Loaded query={query} what="the hosts that ask to join">
        {({ enrollments, total }) =>
          enrollments.length === 0 ? (
            <Stack>
              <Empty title="Nobody waits." />
              <AddFirstHost />
            </Stack>
          ) : (
            <Stack>
              <Text role="status">
                {count(total, 'host')} waiting
                {total > enrollments.length ? `, ${enrollments.length} shown` : ''}
              </Text>
              {enrollments.map((one) => (
                <RequestCard key={one.id} request={one} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </>
  );
}
