import type { FleetAct } from '@linux-patch/contract';
import { Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { call } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Facts } from '../host/facts.tsx';
import { STATES } from '../jobs/jobs-search.ts';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { Loaded } from '../states/loaded.tsx';
import { confirmStopAct, kindWords } from '../words/confirm-acts.ts';
import { count } from '../words/count.ts';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { OUTCOMES, openIn, SIGNS } from './outcomes.ts';

const route = getRouteApi('/acts/$id');

function Stop({ act }: { readonly act: FleetAct }) {
  const mayNot = useWhyNot('hosts:patch');
  const stopping = useAct(() => call('stopAct', { parameters: { id: act.id } }));
  const none = act.counts.waiting === 0 ? 'No host waits for its turn any more.' : undefined;
  return <ConfirmButton asks={confirmStopAct(act)} why={none ?? mayNot} act={stopping} wish={undefined} />;
}

function Outcomes({ act }: { readonly act: FleetAct }) {
  return (
    <Table>
      <Table.Caption>How it stands on its hosts</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>State</Table.Th>
          <Table.Th>Hosts</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {OUTCOMES.filter((one) => act.counts[one] > 0).map((one) => (
          <Table.Tr key={one}>
            <Table.Td>
              <span aria-hidden="true">{SIGNS[one]} </span>
              {STATES[one]}
            </Table.Td>
            <Table.Td>
              <Link to="/jobs" search={{ act: act.id, state: one }}>
                {count(act.counts[one], 'host')}
              </Link>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Act({ act }: { readonly act: FleetAct }) {
  const open = openIn(act);
  const { search, stopped_at: stoppedAt, stopped_by: stoppedBy } = act;
  return (
    <Stack>
      <Text role="status">
        {open === 0
          ? `It is over on ${count(act.hosts, 'host')}.`
          : `It is over on ${(act.hosts - open).toLocaleString('en')} of ${count(act.hosts, 'host')}.`}
      </Text>
      <Outcomes act={act} />
      <Facts
        of={[
          ['Asked for', <When key="at" at={act.asked_at} />],
          ['By', <Said key="by" text={who(act.actor)} />],
          [
            'Found by',
            search === null ? (
              'nobody said'
            ) : (
              <Link key="search" to="/hosts" search={{ q: search }}>
                <Said text={search} />
              </Link>
            ),
          ],
          ...(stoppedAt === null
            ? []
            : ([
                ['Stopped', <When key="stopped" at={stoppedAt} />],
                ['Stopped by', <Said key="stopper" text={who(stoppedBy ?? '')} />],
              ] as const)),
        ]}
      />
      <Stop act={act} />
      <Link to="/acts">All that was asked of many hosts</Link>
    </Stack>
  );
}

/** What was asked of many hosts, and how it stands on them. */
export function ActScreen() {
  const { id } = route.useParams();
  const query = useQuery(ask('act', { parameters: { id } }));
  const { data } = query;
  return (
    <>
      <Title order={1} mb="md">
        {data ? `Install ${kindWords(data)} on ${count(data.hosts, 'host')}` : 'Asked of many hosts'}
      </Title>
      <Loaded query={query} what="what was asked of many hosts">
        {(act) => <Act act={act} />}
      </Loaded>
    </>
  );
}
