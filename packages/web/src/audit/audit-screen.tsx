import { Group, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { AuditFilter } from './audit-filter.tsx';
import { auditQueryOf } from './audit-search.ts';
import { AuditTable } from './audit-table.tsx';
import { Verification } from './verification.tsx';

const PAGE = 50;

const route = getRouteApi('/audit');

/** Who did what, when, and from where. */
export function AuditScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(ask('listAudit', { query: { ...auditQueryOf(search), limit: PAGE } }));
  const { before, ...first } = search;
  return (
    <>
      <Title order={1}>Audit</Title>
      <AuditFilter
        key={JSON.stringify(first)}
        search={search}
        look={(wanted) => void navigate({ search: wanted })}
      />
      <Loaded query={query} what="the audit log">
        {({ records, next }) => (
          <>
            {records.length === 0 ? <Empty title="No record fits." /> : <AuditTable records={records} />}
            <Group mt="sm">
              {before === undefined ? null : (
                <Link to="/audit" search={first}>
                  The newest
                </Link>
              )}
              {next === null ? null : (
                <Link to="/audit" search={{ ...first, before: String(next) }}>
                  Older ones
                </Link>
              )}
            </Group>
          </>
        )}
      </Loaded>
      <Verification />
    </>
  );
}
