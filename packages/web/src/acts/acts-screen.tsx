import type { FleetAct } from '@linux-patch/contract';
import { Stack, Table, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { STATES } from '../jobs/jobs-search.ts';
import { JobsTabs } from '../jobs/jobs-tabs.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { PAGE_ROWS, Pager } from '../shell/pager.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { kindWords } from '../words/confirm-acts.ts';
import { count } from '../words/count.ts';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { OUTCOMES } from './outcomes.ts';

const route = getRouteApi('/acts');

function standing({ counts, stopped_at: stoppedAt }: FleetAct): string {
  const some = OUTCOMES.filter((one) => counts[one] > 0);
  const words = some.map((one) => `${counts[one].toLocaleString('en')} ${STATES[one]}`).join(', ');
  return stoppedAt === null ? words : `stopped; ${words}`;
}

function Acts({ acts }: { readonly acts: readonly FleetAct[] }) {
  return (
    <PagedTable
      caption="What was asked of many hosts, the newest first"
      head={['Asked for', 'By', 'What', 'State']}
      rows={acts}
      row={(act) => (
        <Table.Tr key={act.id}>
          <Table.Td>
            <When at={act.asked_at} />
          </Table.Td>
          <Table.Td>
            <Said text={who(act.actor)} />
          </Table.Td>
          <Table.Td>
            <Link to="/acts/$id" params={{ id: act.id }}>
              {kindWords(act)} on {count(act.hosts, 'host')}
            </Link>
          </Table.Td>
          <Table.Td>{standing(act)}</Table.Td>
        </Table.Tr>
      )}
    />
  );
}

/** What this manager was asked to have done on many hosts at once. */
export function ActsScreen() {
  const { from = 0 } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery({
    ...ask('acts', { query: { limit: PAGE_ROWS, offset: from } }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Title order={1} mb="md">
        Jobs on many hosts
      </Title>
      <JobsTabs />
      <Loaded query={query} what="what was asked of many hosts">
        {({ acts, total }) =>
          total === 0 ? (
            <Empty title="Nothing was asked of many hosts at once in the last two years.">
              <Link to="/hosts">Search for hosts, and install updates on all that are found</Link>
            </Empty>
          ) : (
            <Stack>
              <Acts acts={acts} />
              <Pager
                from={from}
                shown={acts.length}
                total={total}
                go={(start) => void navigate({ search: start === 0 ? {} : { from: start } })}
              />
            </Stack>
          )
        }
      </Loaded>
    </>
  );
}
