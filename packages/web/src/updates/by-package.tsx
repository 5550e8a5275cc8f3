import { Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { PagedTable } from '../shell/paged-table.tsx';
import { PAGE_ROWS, Pager } from '../shell/pager.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { securityWord } from '../words/security-word.ts';
import { When } from '../words/when.tsx';
import { FleetSum } from './fleet-sum.tsx';
import type { UpdatesSearch } from './updates-search.ts';

function titleOfNone({ security, age }: UpdatesSearch): string {
  if (age !== undefined || security === 'no') return 'No such update is known to wait.';
  return security ? 'No security update is known to wait.' : 'No update is known to wait.';
}

/** What waits on how many hosts, security first. */
export function ByPackage({
  search,
  go,
}: {
  readonly search: UpdatesSearch;
  readonly go: (from: number) => void;
}) {
  const { from = 0, age } = search;
  const security = search.security === undefined ? undefined : search.security === 'yes';
  const query = useQuery({
    ...ask('updateInventory', { query: { limit: PAGE_ROWS, offset: from, security, age } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={query} what="what waits on the fleet">
      {({ updates, total, waiting, figures }) => (
        <Stack>
          <FleetSum figures={figures} />
          {updates.length === 0 ? (
            <Empty title={titleOfNone(search)} />
          ) : (
            <>
              <Text role="status">
                {count(total, 'update')}
                {waiting === total ? '' : `, waiting ${count(waiting, 'time')} on all hosts together`}
              </Text>
              <PagedTable
                caption="Updates by package"
                head={['Package', 'Version', 'Architecture', 'Security', 'Hosts', 'Waits since']}
                rows={updates}
                row={(one) => (
                  <Table.Tr key={`${one.name} ${one.architecture} ${one.version}`}>
                    <Table.Td>{one.name}</Table.Td>
                    <Table.Td>{one.version}</Table.Td>
                    <Table.Td>{one.architecture}</Table.Td>
                    <Table.Td>{securityWord(one.security)}</Table.Td>
                    <Table.Td>
                      <Link to="/updates" search={{ package: one.name, ...(age ? { age } : {}) }}>
                        {count(one.hosts, 'host')}
                      </Link>
                      {one.unknown > 0 ? `, ${one.unknown} of them unknown by now` : ''}
                    </Table.Td>
                    <Table.Td>
                      <When at={one.waiting_since} />
                    </Table.Td>
                  </Table.Tr>
                )}
              />
              <Pager from={from} shown={updates.length} total={total} go={go} />
            </>
          )}
        </Stack>
      )}
    </Loaded>
  );
}
