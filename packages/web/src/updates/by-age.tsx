import { Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { AGES } from './ages.ts';
import type { UpdatesSearch } from './updates-search.ts';

/** A number with a bar as long as it is, and the way to its list. */
function Bar({
  number,
  most,
  colour,
  name,
  search,
}: {
  readonly number: number;
  /** The longest bar's. */
  readonly most: number;
  readonly colour: string;
  /** With what is counted, in words. */
  readonly name: string;
  readonly search: UpdatesSearch;
}) {
  if (number === 0) return '0';
  const shown = number.toLocaleString('en');
  return (
    <Link className="bar" to="/updates" search={search} aria-label={name}>
      <svg width="100%" height="12" aria-hidden="true">
        <rect width={`${(100 * number) / most}%`} height="12" fill={`var(--mantine-color-${colour})`} />
      </svg>
      <span>{shown}</span>
    </Link>
  );
}

/** How long what waits has waited, security updates apart. */
export function ByAge() {
  const query = useQuery(ask('updateAges'));
  return (
    <Loaded query={query} what="how long updates have waited" beside>
      {({ ages }) => {
        const most = Math.max(...ages.flatMap(({ security, other }) => [security, other]));
        if (most === 0) return null;
        return (
          <section aria-label="How long they have waited">
            <Title order={2} size="h4">
              How long they have waited
            </Title>
            <Table className="bars" withRowBorders={false}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Waits for</Table.Th>
                  <Table.Th>Security</Table.Th>
                  <Table.Th>Other, or not said</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {ages.map(({ age, security, other }) => (
                  <Table.Tr key={age}>
                    <Table.Th scope="row">{AGES[age]}</Table.Th>
                    <Table.Td>
                      <Bar
                        number={security}
                        most={most}
                        colour="red-8"
                        name={`${count(security, 'security update')}, ${AGES[age]}`}
                        search={{ age, security: 'yes' }}
                      />
                    </Table.Td>
                    <Table.Td>
                      <Bar
                        number={other}
                        most={most}
                        colour="blue-8"
                        name={`${count(other, 'other update')}, ${AGES[age]}`}
                        search={{ age, security: 'no' }}
                      />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <Text size="sm">
              Each update counts once for each host on which it waits, by the host&apos;s last listing. A
              newer version takes over the time of the one before it; the first that mends a security fault
              begins anew.
            </Text>
          </section>
        );
      }}
    </Loaded>
  );
}
