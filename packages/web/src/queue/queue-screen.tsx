import type { Enrollment } from '@linux-patch/contract';
import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { ask } from '../api/queries.ts';
import { AddFirstHost } from '../dashboard/add-first-host.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { GoneRequest } from './gone-request.tsx';
import { QueueTabs } from './queue-tabs.tsx';
import { RequestCard } from './request-card.tsx';

const SHOWN = 50;

/** Requests that wait, and what became of those that were here a moment ago. */
function Requests({ waiting, total }: { readonly waiting: readonly Enrollment[]; readonly total: number }) {
  const seen = useRef(new Map<string, string>());
  for (const { id, fqdn } of waiting) seen.current.set(id, fqdn);
  const gone = [...seen.current].filter(([id]) => !waiting.some((one) => one.id === id)).slice(-SHOWN);
  return (
    <Stack>
      {gone.map(([id, fqdn]) => (
        <GoneRequest key={id} id={id} fqdn={fqdn} />
      ))}
      {waiting.length === 0 ? (
        <>
          <Empty title="No host is asking to join." />
          <AddFirstHost beside />
        </>
      ) : (
        <Text role="status">
          {count(total, 'host')} waiting
          {total > waiting.length ? `, ${waiting.length} shown` : ''}
        </Text>
      )}
      {waiting.map((one) => (
        <RequestCard key={one.id} request={one} />
      ))}
    </Stack>
  );
}

/** Who wants in, and whether it is really them. */
export function QueueScreen() {
  const query = useQuery(ask('listEnrollments', { query: { state: 'pending', limit: SHOWN } }));
  return (
    <>
      <Title order={1} mb="md">
        Asking to join
      </Title>
      <QueueTabs />
      <Text my="md">
        A host that asks to join shows a code. Read it on the host itself with{' '}
        <code>linux-patch-api status</code> and type it here: it proves to both sides that nobody is in
        between.
      </Text>
      <Loaded query={query} what="the hosts that ask to join">
        {({ enrollments, total }) => <Requests waiting={enrollments} total={total} />}
      </Loaded>
    </>
  );
}
