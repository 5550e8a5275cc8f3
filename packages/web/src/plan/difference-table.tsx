import type { PlanDifference, PlanStep } from '@linux-patch/contract';
import { Table, Text } from '@mantine/core';
import { PagedTable } from '../shell/paged-table.tsx';
import { count } from '../words/count.ts';
import { actionOf } from './steps-table.tsx';

interface Row {
  readonly word: string;
  readonly step: PlanStep;
}

function rowsOf({ removed, changed, added }: PlanDifference): Row[] {
  return [
    ...removed.map((step) => ({ word: '− not any more', step })),
    ...changed.flatMap(({ before, now }) => [
      { word: '~ approved', step: before },
      { word: '~ now', step: now },
    ]),
    ...added.map((step) => ({ word: '+ new', step })),
  ];
}

/** What an approved plan and the one of now differ in. */
export function DifferenceTable({ difference }: { readonly difference: PlanDifference }) {
  return (
    <>
      {difference.known ? null : (
        <Text>
          The host does not remember the plan that was approved, so all that it would do now is shown as new.
        </Text>
      )}
      <PagedTable
        caption="What is different from the plan that was approved"
        head={['Plan', 'Package', 'Installed', 'Afterwards', 'Action']}
        rows={rowsOf(difference)}
        row={({ word, step }) => (
          <Table.Tr key={`${word} ${step.name} ${step.architecture} ${step.action}`}>
            <Table.Td>{word}</Table.Td>
            <Table.Td>{step.name}</Table.Td>
            <Table.Td>{step.from ?? '–'}</Table.Td>
            <Table.Td>{step.to ?? '–'}</Table.Td>
            <Table.Td>{actionOf(step)}</Table.Td>
          </Table.Tr>
        )}
      />
      {difference.more > 0 ? <Text>and {count(difference.more, 'difference')} more</Text> : null}
    </>
  );
}
