import type { Job } from '@linux-patch/contract';
import { Alert, Stack, Text } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Facts } from '../host/facts.tsx';
import { useWhyNot } from '../session/session.ts';
import { useNow } from '../words/use-now.ts';
import { When } from '../words/when.tsx';
import { AskedBy } from './asked-by.tsx';
import { CancelJob } from './cancel-job.tsx';
import { JobFailure } from './job-failure.tsx';
import { JobLink } from './job-link.tsx';
import { isOver } from './job-query.ts';
import { isOfRollback } from './nothing-to-roll-back.ts';
import { OldCodeLeft } from './old-code-left.tsx';
import { OutputWindow } from './output-window.tsx';
import { rebootSentence } from './reboot-sentence.ts';
import { ResultsTable } from './results-table.tsx';
import { RollBack } from './roll-back.tsx';
import { StatusName } from './status-name.tsx';
import { useLiveJob } from './use-live-job.ts';

const route = getRouteApi('/hosts/$name/jobs/$job');

/** What of a state its status does not say; undefined where that is nothing. */
function finer({ status, state }: Job): string | undefined {
  return state === status || status === 'timeout' ? undefined : state.replaceAll('_', ' ');
}

function signerOf({ signed_by: key, by_root: byRoot }: Job): string {
  return key ?? (byRoot ? 'nobody: root of the host had it done there' : 'nobody');
}

function Completed({ job }: { readonly job: Job }) {
  const now = useNow();
  return (
    <Alert color="green" title="✓ Done">
      <Text>{job.message}</Text>
      {job.reboot ? <Text mt="xs">{rebootSentence(job.reboot, now)}</Text> : null}
    </Alert>
  );
}

/** Where, when and for whom it is, and where else it is on record. */
function JobFacts({ host, job }: { readonly host: string; readonly job: Job }) {
  const mayNotLook = useWhyNot('audit:read');
  return (
    <Facts
      of={[
        [
          'Host',
          <Link key="host" to="/hosts/$name" params={{ name: host }}>
            {host}
          </Link>,
        ],
        ['Status', <StatusName key="status" status={job.status} />],
        ...(finer(job) === undefined ? [] : [['More exactly', finer(job)] as const]),
        ...(job.rollback_job_id === null
          ? []
          : [['Takes back', <JobLink key="of" host={host} job={job.rollback_job_id} />] as const]),
        ['Asked for by', <AskedBy key="by" host={host} job={job} />],
        ['Asked for', <When key="created" at={job.created_at} />],
        ['Started', <When key="started" at={job.started_at} never="not yet" />],
        ['Ended', <When key="ended" at={job.completed_at} never="not yet" />],
        job.service
          ? ['Service', job.service]
          : ['Packages', job.packages.length === 0 ? 'whatever waits' : job.packages.slice(0, 20).join(', ')],
        ['Signed by', signerOf(job)],
        ...(mayNotLook === undefined
          ? [
              [
                'On record',
                <Link key="record" to="/audit" search={{ about: job.job_id }}>
                  what the audit log says of it
                </Link>,
              ] as const,
            ]
          : []),
      ]}
    />
  );
}

/** How one job of a host goes, and what came of it. */
export function JobView({ host, job }: { readonly host: string; readonly job: Job }) {
  const search = route.useSearch();
  const over = isOver(job);
  const live = useLiveJob(host, job.job_id, !over);
  const percent = over ? job.progress_percent : Math.max(job.progress_percent, live?.percent ?? 0);
  const message = (over ? undefined : live?.message) || job.message;
  return (
    <Stack mt="md">
      {job.status === 'completed' ? <Completed job={job} /> : null}
      {job.rolled_back_by ? (
        <Alert color="yellow" title="↩ Rolled back">
          <Text>
            What it changed was taken back by <JobLink host={host} job={job.rolled_back_by} />.
          </Text>
        </Alert>
      ) : null}
      {over ? <OldCodeLeft host={host} left={job.old_code} /> : null}
      {over && job.status !== 'completed' ? <JobFailure job={job} host={host} search={search} /> : null}
      {over ? null : (
        <div>
          <progress className="progress" max={100} value={percent} aria-label="How far the job is" />
          <Text role="status">
            {percent} %: {message || job.status}
          </Text>
        </div>
      )}
      <CancelJob host={host} job={job} />
      {isOfRollback(job) ? <RollBack host={host} job={job} /> : null}
      <JobFacts host={host} job={job} />
      {job.results.length > 0 ? <ResultsTable results={job.results} /> : null}
      <OutputWindow host={host} job={job} live={live} />
    </Stack>
  );
}
