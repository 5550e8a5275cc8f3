import { Button, Group, Table, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

/** The most rows that are in the document at once. */
const SHOWN = 60;

/** A table of which at most sixty rows are shown at once, with the way to the others. */
export function PagedTable<T>({
  caption,
  head,
  rows,
  row,
}: {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly T[];
  /** A `Table.Tr` with its key. */
  readonly row: (one: T) => ReactNode;
}) {
  const [start, setStart] = useState(0);
  const first = start < rows.length ? start : 0;
  const shown = rows.slice(first, first + SHOWN);
  return (
    <>
      <div className="wide" tabIndex={0} role="region" aria-label={caption}>
        <Table>
          <Table.Caption>{caption}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              {head.map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{shown.map(row)}</Table.Tbody>
        </Table>
      </div>
      {rows.length > SHOWN ? (
        <Group>
          <Button variant="default" disabled={first === 0} onClick={() => setStart(first - SHOWN)}>
            Before
          </Button>
          <Text role="status">
            {first + 1} to {first + shown.length} of {rows.length.toLocaleString('en')}
          </Text>
          <Button
            variant="default"
            disabled={first + SHOWN >= rows.length}
            onClick={() => setStart(first + SHOWN)}
          >
            After
          </Button>
        </Group>
      ) : null}
    </>
  );
}
