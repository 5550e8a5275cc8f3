import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

/** A table of what there is, wider than a telephone only within itself. */
export function Listing({
  caption,
  columns,
  children,
}: {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Rows. */
  readonly children: ReactNode;
}) {
  return (
    <div className="wide" tabIndex={0} role="region" aria-label={caption}>
      <Table>
        <Table.Caption>{caption}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {columns.map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}

/** A row of it. */
export function Row({ cells }: { readonly cells: readonly ReactNode[] }) {
  return (
    <Table.Tr>
      {cells.map((cell, column) => (
        // A cell is its column: rows do not change their order within themselves.
        <Table.Td key={String(column)}>{cell}</Table.Td>
      ))}
    </Table.Tr>
  );
}
