import type { UpdateAge } from '@linux-patch/contract';
import { Stack, Table, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { StateName } from '../hosts/state-name.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { PAGE_ROWS, Pager } from '../shell/pager.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { securityWord } from '../words/security-word.ts';
import { When } from '../words/when.tsx';

function whyItStays(one: {
  readonly held: boolean;
  readonly phased: boolean;
  readonly hidden: boolean;
}): string {
  const kinds = [
    ...(one.held ? ['held on the host'] : []),
    ...(one.phased ? ['phased: not yet for this host'] : []),
    ...(one.hidden ? ['hidden: pins or the default release of the host keep it away'] : []),
  ];
  return kinds.join(', ') || 'nothing is known against it';
}

/** On which hosts updates of a package wait. */
export function OfPackage({
  name,
  age,
  from,
  go,
}: {
  readonly name: string;
  readonly age: UpdateAge | undefined;
  readonly from: number;
  readonly go: (from: number) => void;
}) {
  const query = useQuery({
    ...ask('packageUpdates', { parameters: { name }, query: { limit: PAGE_ROWS, offset: from, age } }),
    placeholderData: keepPreviousData,
  });
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {name}
      </Title>
      <Loaded query={query} what={`the hosts on which ${name} waits`}>
        {({ hosts, total }) =>
          hosts.length === 0 ? (
            <Empty title={`${name} waits on no host, as far as is known.`} />
          ) : (
            <Stack>
              <Text role="status">{count(total, 'host')}</Text>
              <PagedTable
                caption={`Hosts on which ${name} waits`}
                head={['Host', 'State', 'Installed', 'Waits', 'Security', 'Why it would stay', 'Waits since']}
                rows={hosts}
                row={(one) => (
                  <Table.Tr key={`${one.id} ${one.architecture} ${one.version}`}>
                    <Table.Td>
                      <Link to="/hosts/$name/$tab" params={{ name: one.fqdn, tab: 'updates' }}>
                        {one.fqdn}
                      </Link>
                    </Table.Td>
                    <Table.Td>
                      <StateName state={one.state} />
                    </Table.Td>
                    <Table.Td>{one.installed_version}</Table.Td>
                    <Table.Td>{one.version}</Table.Td>
                    <Table.Td>{securityWord(one.security)}</Table.Td>
                    <Table.Td>{whyItStays(one)}</Table.Td>
                    <Table.Td>
                      <When at={one.waiting_since} />
                    </Table.Td>
                  </Table.Tr>
                )}
              />
              <Pager from={from} shown={hosts.length} total={total} go={go} />
            </Stack>
          )
        }
      </Loaded>
    </section>
  );
}
