import type { FleetJob } from '@linux-patch/contract';
import { Table } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { StatusName } from '../job/status-name.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { operationWords } from '../words/operation.ts';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { outcomeOf, resultWords } from './outcome.ts';

/** What was asked for, and the way to it where the host has it as a job. */
function What({ job }: { readonly job: FleetJob }) {
  const { job_id: id, fqdn } = job;
  const words = operationWords(job);
  if (id === null) return words;
  return (
    <Link to="/hosts/$name/jobs/$job" params={{ name: fqdn, job: id }} aria-label={`${words} on ${fqdn}`}>
      {words}
    </Link>
  );
}

function Outcome({ job }: { readonly job: FleetJob }) {
  const { status, sign, word } = outcomeOf(job);
  if (status !== undefined) return <StatusName status={status} />;
  return (
    <>
      <span aria-hidden="true">{sign} </span>
      {word}
    </>
  );
}

/** Jobs of any host, as the manager has them on record. */
export function JobsTable({ jobs }: { readonly jobs: readonly FleetJob[] }) {
  return (
    <PagedTable
      caption="Jobs, the newest first"
      head={['Asked for', 'By', 'Host', 'What', 'State', 'Result', 'Over']}
      rows={jobs}
      row={(one) => (
        <Table.Tr key={one.id}>
          <Table.Td>
            <When at={one.asked_at} />
          </Table.Td>
          <Table.Td>
            <Said text={who(one.actor)} />
          </Table.Td>
          <Table.Td>
            <Link to="/hosts/$name" params={{ name: one.fqdn }}>
              {one.fqdn}
            </Link>
          </Table.Td>
          <Table.Td>
            <What job={one} />
          </Table.Td>
          <Table.Td>
            <Outcome job={one} />
          </Table.Td>
          <Table.Td>
            <Said text={resultWords(one)} />
          </Table.Td>
          <Table.Td>
            <When at={one.ended_at} never="not yet" />
          </Table.Td>
        </Table.Tr>
      )}
    />
  );
}
