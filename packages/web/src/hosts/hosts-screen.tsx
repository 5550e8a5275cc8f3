import { Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Fleet, fleetQuery } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { HostRows } from './host-rows.tsx';
import { joinLists } from './known-host.ts';
import { SEARCH_HELP, searchHosts } from './search.ts';

const route = getRouteApi('/hosts');

function Found({ fleet, search }: { readonly fleet: Fleet; readonly search: string }) {
  const all = useMemo(() => joinLists(fleet.hosts, fleet.inventory.hosts), [fleet]);
  const { hosts, remark } = useMemo(() => searchHosts(all, search), [all, search]);
  if (all.length === 0)
    return (
      <Empty title="No host has joined yet.">
        <Link to="/">The dashboard says how one is added.</Link>
      </Empty>
    );
  if (remark !== undefined) return <Empty title={remark} />;
  return (
    <>
      <Text mb="xs" role="status">
        {count(hosts.length, 'host')}
        {hosts.length === all.length ? '' : ` of ${all.length.toLocaleString('en')}`}
      </Text>
      <div className="wide">
        <HostRows hosts={hosts} />
      </div>
    </>
  );
}

/** Which hosts there are, and how they fare. */
export function HostsScreen() {
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <Title order={1} mb="md">
        Hosts
      </Title>
      <TextInput
        type="search"
        label="Search"
        description={SEARCH_HELP}
        value={q}
        mb="md"
        onChange={({ currentTarget: { value } }) =>
          void navigate({ search: value === '' ? {} : { q: value }, replace: true })
        }
      />
      <Loaded query={useQuery(fleetQuery)} what="the hosts">
        {(fleet) => <Found fleet={fleet} search={q} />}
      </Loaded>
    </>
  );
}
