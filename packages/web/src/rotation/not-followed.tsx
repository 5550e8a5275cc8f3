import { Table } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { PagedTable } from '../shell/paged-table.tsx';
import { Said } from '../words/said.tsx';
import type { Authority } from './standing.ts';

/** Hosts for which the next step waits, or that an earlier one left behind, each with the reason. */
export function NotFollowed({ laggards }: Pick<Authority, 'laggards'>) {
  if (laggards.length === 0) return null;
  return (
    <PagedTable
      caption="Hosts that have not followed"
      head={['Host', 'Why']}
      rows={laggards}
      row={({ host, reason }) => (
        <Table.Tr key={host}>
          <Table.Td>
            <Link to="/hosts/$name/$tab" params={{ name: host, tab: 'identity' }}>
              {host}
            </Link>
          </Table.Td>
          <Table.Td>
            <Said text={reason} />
          </Table.Td>
        </Table.Tr>
      )}
    />
  );
}
