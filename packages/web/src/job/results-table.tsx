import type { JobResult } from '@linux-patch/contract';
import { Table, Title } from '@mantine/core';
import { PagedTable } from '../shell/paged-table.tsx';

function notesOf({ reason, error_code, kept_files, security }: JobResult): string {
  return [
    security ? 'mends a security fault' : '',
    reason ?? '',
    error_code ?? '',
    kept_files && kept_files.length > 0
      ? `changed on the host before, and kept so: ${kept_files.join(', ')}`
      : '',
  ]
    .filter(Boolean)
    .join('; ');
}

/** What became of each package. */
export function ResultsTable({ results }: { readonly results: readonly JobResult[] }) {
  return (
    <section>
      <Title order={2} size="h4" mt="lg" mb="xs">
        Packages
      </Title>
      <PagedTable
        caption="What became of each package"
        head={['Package', 'Before', 'After', 'What was done', 'Notes']}
        rows={results}
        row={(one) => (
          <Table.Tr key={`${one.name} ${one.version_before} ${one.version_after} ${one.action}`}>
            <Table.Td>{one.name}</Table.Td>
            <Table.Td>{one.version_before ?? '–'}</Table.Td>
            <Table.Td>{one.version_after ?? '–'}</Table.Td>
            <Table.Td>{one.action === 'failed' ? '✖ failed' : one.action}</Table.Td>
            <Table.Td>{notesOf(one)}</Table.Td>
          </Table.Tr>
        )}
      />
    </section>
  );
}
