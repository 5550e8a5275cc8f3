import type { Host } from '@linux-patch/contract';
import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { StartAct } from '../acts/start-act.tsx';
import { failureOf } from '../api/call-failure.ts';
import { fleetQuery } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Failed } from '../states/failed.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Loading } from '../states/loading.tsx';
import { count } from '../words/count.ts';
import { HostRows } from './host-rows.tsx';
import type { HostsSearch } from './hosts-search.ts';
import { joinLists, type KnownHost } from './known-host.ts';
import { inOrder } from './order.ts';
import { SearchBox } from './search-box.tsx';
import { useSearch } from './use-search.ts';

const route = getRouteApi('/hosts');

function Found({
  all,
  records,
  search,
}: {
  readonly all: readonly KnownHost[];
  readonly records: readonly Host[];
  readonly search: HostsSearch;
}) {
  const { q = '', sort } = search;
  const { hosts, remark, waitsFor, error } = useSearch(all, q);
  const rows = useMemo(() => inOrder(hosts, sort), [hosts, sort]);
  if (all.length === 0)
    return (
      <Empty title="No host has joined yet.">
        <Link to="/">The dashboard says how one is added.</Link>
      </Empty>
    );
  if (error) return <Failed failure={failureOf(error)} />;
  if (waitsFor !== undefined) return <Loading what={`the hosts that fit "${waitsFor}"`} />;
  if (remark !== undefined && hosts.length === 0) return <Empty title={remark} />;
  return (
    <>
      <Text mb="xs" role="status">
        {count(hosts.length, 'host')}
        {hosts.length === all.length ? '' : ` of ${all.length.toLocaleString('en')}`}
        {remark === undefined ? '' : `. ${remark}`}
      </Text>
      <StartAct hosts={hosts} records={records} search={q} />
      <div className="wide">
        <HostRows hosts={rows} search={search} />
      </div>
    </>
  );
}

const NONE: readonly KnownHost[] = [];

/** Which hosts there are, and how they fare. */
export function HostsScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(fleetQuery);
  const { data } = query;
  const all = useMemo(() => (data ? joinLists(data.hosts, data.inventory.hosts) : NONE), [data]);
  const { q = '', ...rest } = search;
  return (
    <>
      <Title order={1} mb="md">
        Hosts
      </Title>
      <SearchBox
        search={q}
        hosts={all}
        look={(wanted) =>
          void navigate({ search: wanted === '' ? rest : { ...rest, q: wanted }, replace: true })
        }
      />
      <Loaded query={query} what="the hosts">
        {({ hosts }) => <Found all={all} records={hosts} search={search} />}
      </Loaded>
    </>
  );
}
