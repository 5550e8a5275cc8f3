import type { PlanLeftOut } from '@linux-patch/contract';
import { Table } from '@mantine/core';
import { PagedTable } from '../shell/paged-table.tsx';

/** What stays as it is, and why. */
export function LeftOutTable({ left }: { readonly left: readonly PlanLeftOut[] }) {
  return (
    <PagedTable
      caption="What stays out"
      head={['Package', 'Installed', 'Version', 'Why', 'Reason']}
      rows={left}
      row={(one) => (
        <Table.Tr key={`${one.name} ${one.why}`}>
          <Table.Td>{one.name}</Table.Td>
          <Table.Td>{one.from ?? '–'}</Table.Td>
          <Table.Td>{one.to ?? '–'}</Table.Td>
          <Table.Td>
            {one.why.replaceAll('_', ' ')}
            {one.security ? ', ✖ security' : ''}
          </Table.Td>
          <Table.Td>
            {one.reason}
            {one.removals.length > 0 ? ` (it would remove ${one.removals.join(', ')})` : ''}
          </Table.Td>
        </Table.Tr>
      )}
    />
  );
}
