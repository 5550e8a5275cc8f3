import { Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { StatusName } from '../job/status-name.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { operationWords } from '../words/operation.ts';
import { When } from '../words/when.tsx';
import { JobTimeline } from './job-timeline.tsx';
import type { TabProps } from './tab-props.ts';

const SHOWN = 200;

function OutsideChanges({ host }: TabProps) {
  const query = useQuery(ask('hostChanges', { parameters: { id: host.id }, query: { limit: SHOWN } }));
  return (
    <Loaded query={query} what="what changed on the host">
      {({ changes }) => {
        const outside = changes.filter((one) => one.job_id === null);
        return outside.length === 0 ? (
          <Text>None of the last {count(changes.length, 'change')}.</Text>
        ) : (
          <ul>
            {outside.slice(0, 10).map(({ seen_at, packages, more }) => (
              <li key={seen_at}>
                Seen <When at={seen_at} />: {count(packages.length + more, 'package')} (
                {packages
                  .slice(0, 3)
                  .map(({ name }) => name)
                  .join(', ')}
                {packages.length + more > 3 ? ', …' : ''}).{' '}
                <Link to="/hosts/$name/$tab" params={{ name: host.fqdn, tab: 'history' }}>
                  All of it in the history
                </Link>
              </li>
            ))}
          </ul>
        );
      }}
    </Loaded>
  );
}

/** The jobs of the host, by its own word, and what came of them; and what changed without any. */
export function JobsTab({ host }: TabProps) {
  const { id, fqdn } = host;
  const query = useQuery({
    ...ask('hostJobs', { parameters: { id }, query: { limit: SHOWN, sort: 'created_at', order: 'desc' } }),
    enabled: host.left_at === null,
  });
  return (
    <Stack mt="md">
      <JobTimeline host={host} />
      <Title order={2} size="h4">
        By the host&apos;s own word
      </Title>
      {host.left_at === null ? (
        <Loaded query={query} what="the jobs, from the host itself">
          {({ jobs, total }) =>
            jobs.length === 0 ? (
              <Empty title="The host has had no job." />
            ) : (
              <>
                <Text role="status">
                  {count(total, 'job')}
                  {total > jobs.length ? `, the newest ${jobs.length} shown` : ''}
                </Text>
                <PagedTable
                  caption={`Jobs of ${fqdn}`}
                  head={['Asked for', 'What', 'What came of it', 'In words']}
                  rows={jobs}
                  row={(one) => (
                    <Table.Tr key={one.job_id}>
                      <Table.Td>
                        <Link to="/hosts/$name/jobs/$job" params={{ name: fqdn, job: one.job_id }}>
                          <When at={one.created_at} />
                        </Link>
                      </Table.Td>
                      <Table.Td>{operationWords(one)}</Table.Td>
                      <Table.Td>
                        <StatusName status={one.status} />
                      </Table.Td>
                      <Table.Td>{[one.error_code, one.message].filter(Boolean).join(': ')}</Table.Td>
                    </Table.Tr>
                  )}
                />
              </>
            )
          }
        </Loaded>
      ) : (
        <Empty title="The host has left; nobody can ask it for its jobs." />
      )}
      <Title order={2} size="h4">
        Changes from outside of this manager
      </Title>
      <OutsideChanges host={host} />
    </Stack>
  );
}
