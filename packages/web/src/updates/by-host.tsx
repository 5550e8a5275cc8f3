import type { HostInventory } from '@linux-patch/contract';
import { Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { fleetQuery } from '../api/queries.ts';
import { StateName } from '../hosts/state-name.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { When } from '../words/when.tsx';
import { FleetSum } from './fleet-sum.tsx';

/** Most security updates first, then most updates. */
function inOrder(a: HostInventory, b: HostInventory): number {
  return b.security_updates - a.security_updates || b.updates - a.updates || (a.fqdn < b.fqdn ? -1 : 1);
}

/** Which hosts updates wait on, or may wait on: an unknown host is here as well. */
export function ByHost({ onlySecurity }: { readonly onlySecurity: boolean }) {
  const query = useQuery(fleetQuery);
  return (
    <Loaded query={query} what="what waits on the hosts">
      {({ inventory: { hosts, figures } }) => {
        const wanted = hosts
          .filter(({ state, security_updates: security }) =>
            state === 'unknown' ? true : state === 'behind' && (!onlySecurity || security > 0),
          )
          .sort(inOrder);
        return (
          <Stack>
            <FleetSum figures={figures} />
            {wanted.length === 0 ? (
              <Empty title="No update is known to wait on any host." />
            ) : (
              <>
                <Text role="status">{count(wanted.length, 'host')}</Text>
                <PagedTable
                  caption="Updates by host"
                  head={['Host', 'State', 'Security', 'All', 'Listed', 'Reason']}
                  rows={wanted}
                  row={(one) => (
                    <Table.Tr key={one.id}>
                      <Table.Td>
                        <Link
                          to="/hosts/$name/$tab"
                          params={{ name: one.fqdn, tab: 'updates' }}
                          search={onlySecurity ? { security: 'yes' } : {}}
                        >
                          {one.fqdn}
                        </Link>
                      </Table.Td>
                      <Table.Td>
                        <StateName state={one.state} />
                      </Table.Td>
                      <Table.Td>{one.state === 'unknown' ? '?' : one.security_updates}</Table.Td>
                      <Table.Td>{one.state === 'unknown' ? '?' : one.updates}</Table.Td>
                      <Table.Td>
                        <When at={one.listed_at} />
                      </Table.Td>
                      <Table.Td>{one.reason ?? ''}</Table.Td>
                    </Table.Tr>
                  )}
                />
              </>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}
