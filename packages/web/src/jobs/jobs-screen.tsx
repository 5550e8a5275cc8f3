import { Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { PAGE_ROWS, Pager } from '../shell/pager.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { JobsFilter } from './jobs-filter.tsx';
import type { JobsSearch } from './jobs-search.ts';
import { JobsTable } from './jobs-table.tsx';
import { JobsTabs } from './jobs-tabs.tsx';

const route = getRouteApi('/jobs');

/** That there is none, and what that means. */
function None({ search: { host, state, act } }: { readonly search: JobsSearch }) {
  if (host === undefined && state === undefined && act === undefined)
    return (
      <Empty title="Nothing was asked for from this manager in the last two years.">
        <Link to="/updates">What waits on the hosts</Link>
      </Empty>
    );
  return (
    <Empty title="No job fits.">
      <Link to="/jobs">All jobs</Link>
    </Empty>
  );
}

function Found({
  answer: { jobs, total },
  search,
  go,
}: {
  readonly answer: Answered<'fleetJobs'>;
  readonly search: JobsSearch;
  readonly go: (from: number) => void;
}) {
  if (total === 0) return <None search={search} />;
  return (
    <Stack>
      <Text role="status">{count(total, 'job')}</Text>
      {jobs.length === 0 ? <Empty title="The list ends before this page." /> : <JobsTable jobs={jobs} />}
      <Pager from={search.from ?? 0} shown={jobs.length} total={total} go={go} />
    </Stack>
  );
}

/** What this manager was asked to have done on any host, by whom, and what became of it. */
export function JobsScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { from = 0, ...wanted } = search;
  const query = useQuery({
    ...ask('fleetJobs', { query: { ...wanted, limit: PAGE_ROWS, offset: from } }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Title order={1} mb="md">
        Jobs
      </Title>
      <JobsTabs />
      {wanted.act === undefined ? null : (
        <Text mb="md">
          Only what belongs to{' '}
          <Link to="/acts/$id" params={{ id: wanted.act }}>
            one that was asked of many hosts
          </Link>
          . <Link to="/jobs">All jobs</Link>
        </Text>
      )}
      <JobsFilter
        key={JSON.stringify(wanted)}
        search={search}
        look={(looked) => void navigate({ search: looked })}
      />
      <Loaded query={query} what="the jobs">
        {(answer) => (
          <Found
            answer={answer}
            search={search}
            go={(start) => void navigate({ search: start === 0 ? wanted : { ...wanted, from: start } })}
          />
        )}
      </Loaded>
    </>
  );
}
