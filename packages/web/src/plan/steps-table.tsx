import type { PlanStep } from '@linux-patch/contract';
import { Table } from '@mantine/core';
import { PagedTable } from '../shell/paged-table.tsx';
import { stepSecurity } from './step-security.ts';

/** What a step does, in a word. */
export function actionOf({ action, purge }: PlanStep): string {
  return purge ? `${action}, purge` : action;
}

/** Exactly what a plan would do, package by package. */
export function StepsTable({ steps }: { readonly steps: readonly PlanStep[] }) {
  return (
    <PagedTable
      caption="What would be done"
      head={['Package', 'Installed', 'Afterwards', 'Action', 'Security', 'Notes']}
      rows={steps}
      row={(one) => (
        <Table.Tr key={`${one.action} ${one.name} ${one.architecture}`}>
          <Table.Td>{one.name}</Table.Td>
          <Table.Td>{one.from ?? '–'}</Table.Td>
          <Table.Td>{one.to ?? '–'}</Table.Td>
          <Table.Td>{actionOf(one)}</Table.Td>
          <Table.Td>{stepSecurity(one)}</Table.Td>
          <Table.Td>{one.asked ? '' : 'comes with the others'}</Table.Td>
        </Table.Tr>
      )}
    />
  );
}
