import { Stack, Table, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { When } from '../words/when.tsx';
import type { TabProps } from './tab-props.ts';

const SHOWN = 75;

/** What the host had installed when it was listed last. */
export function PackagesTab({ host }: TabProps) {
  const [name, setName] = useState('');
  const pattern = name.trim() === '' ? undefined : /[*?]/.test(name) ? name.trim() : `*${name.trim()}*`;
  const query = useQuery({
    ...ask('hostInventory', { parameters: { id: host.id }, query: { limit: SHOWN, name: pattern } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack mt="md">
      <TextInput
        type="search"
        label="Package"
        description="Part of a name; * stands for anything"
        value={name}
        onChange={({ currentTarget: { value } }) => setName(value)}
      />
      <Loaded query={query} what="the packages">
        {({ packages, total, host: listing }) =>
          packages.length === 0 ? (
            <Empty
              title={pattern === undefined ? 'This host was never listed.' : 'No package has such a name.'}
            />
          ) : (
            <>
              <Text role="status">
                {count(total, 'package')}
                {total > packages.length ? `, the first ${packages.length} shown` : ''}, listed{' '}
                <When at={listing.listed_at} />
              </Text>
              <div className="wide">
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      {['Package', 'Version', 'Architecture', 'Waits'].map((head) => (
                        <Table.Th key={head}>{head}</Table.Th>
                      ))}
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {packages.map((one) => (
                      <Table.Tr key={`${one.name} ${one.architecture} ${one.version}`}>
                        <Table.Td>{one.name}</Table.Td>
                        <Table.Td>{one.version}</Table.Td>
                        <Table.Td>{one.architecture}</Table.Td>
                        <Table.Td>{one.candidate ?? '–'}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </div>
            </>
          )
        }
      </Loaded>
    </Stack>
  );
}
