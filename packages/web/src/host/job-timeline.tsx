import type { FleetJob } from '@linux-patch/contract';
import { NativeSelect, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '../api/queries.ts';
import { outcomeOf, resultWords } from '../jobs/outcome.ts';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { operationWords } from '../words/operation.ts';
import { Said } from '../words/said.tsx';
import { useNow } from '../words/use-now.ts';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import type { TabProps } from './tab-props.ts';
import { inLane, LANES, laneOf, placeOf } from './timeline.ts';

const SPANS = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
];
const DAY_MS = 86_400_000;
/** The most jobs that are drawn, and that are told of one by one. */
const DRAWN = 200;
const TOLD = 12;

const signOf = (job: FleetJob): string => LANES.find(({ lane }) => lane === laneOf(job))?.sign ?? '?';

/** A job's place in time, for whoever points; who does not finds it in the list. */
function Mark({ job, at }: { readonly job: FleetJob; readonly at: number }) {
  const place = { left: `calc(${at} * (100% - 1.25rem))` };
  const title = `${new Date(job.asked_at).toLocaleString()}: ${operationWords(job)}`;
  if (job.job_id === null)
    return (
      <span className="mark" style={place} title={title}>
        {signOf(job)}
      </span>
    );
  return (
    <Link
      className="mark"
      style={place}
      title={title}
      tabIndex={-1}
      to="/hosts/$name/jobs/$job"
      params={{ name: job.fqdn, job: job.job_id }}
    >
      {signOf(job)}
    </Link>
  );
}

/** Jobs as signs in three rows, from the beginning of the span to now. What it shows stands in words below. */
function Drawing({ jobs, days }: { readonly jobs: readonly FleetJob[]; readonly days: number }) {
  const toMs = useNow();
  const span = { fromMs: toMs - days * DAY_MS, toMs };
  return (
    <div className="timeline" aria-hidden="true">
      {LANES.map(({ lane }) => (
        <div key={lane} className="lane">
          {inLane(jobs, lane).map((job) => (
            <Mark key={job.id} job={job} at={placeOf(job.asked_at, span)} />
          ))}
        </div>
      ))}
      <div className="lane-ends">
        <span>{new Date(span.fromMs).toLocaleDateString()}</span>
        <span>now</span>
      </div>
    </div>
  );
}

/** One job in words, with the way to it. */
function Told({ job }: { readonly job: FleetJob }) {
  const { status, word } = outcomeOf(job);
  const words = resultWords(job);
  const what = operationWords(job);
  return (
    <li>
      <When at={job.asked_at} />: <span aria-hidden="true">{signOf(job)} </span>
      {job.job_id === null ? (
        what
      ) : (
        <Link to="/hosts/$name/jobs/$job" params={{ name: job.fqdn, job: job.job_id }}>
          {what}
        </Link>
      )}{' '}
      by <Said text={who(job.actor)} />, {status ?? word}
      {words === '' ? null : (
        <>
          : <Said text={words} />
        </>
      )}
    </li>
  );
}

/** What this manager had done on a host over time, and what became of it; also of a host that cannot be asked. */
export function JobTimeline({ host: { id, fqdn } }: TabProps) {
  const [days, setDays] = useState('90');
  const query = useQuery({
    ...ask('fleetJobs', { query: { host: id, days: Number(days), limit: DRAWN } }),
    placeholderData: keepPreviousData,
  });
  return (
    <section aria-label="Jobs over time">
      <Title order={2} size="h4">
        Over time
      </Title>
      <NativeSelect
        label="The last"
        data={SPANS}
        value={days}
        onChange={({ currentTarget: { value } }) => setDays(value)}
      />
      <Loaded query={query} what="what was done on the host" beside>
        {({ jobs, total }) =>
          total === 0 ? (
            <Text mt="sm">This manager asked the host for nothing in this time.</Text>
          ) : (
            <Stack gap="xs" mt="sm">
              <Drawing jobs={jobs} days={Number(days)} />
              <Text>
                {LANES.map(({ lane, sign, name }) => `${sign} ${inLane(jobs, lane).length} ${name}`).join(
                  ', ',
                )}
                {total > jobs.length ? `; the newest ${jobs.length} of ${count(total, 'job')}` : ''}.{' '}
                <Link to="/jobs" search={{ host: fqdn }}>
                  All that this manager asked for
                </Link>
              </Text>
              <ul className="told">
                {jobs.slice(0, TOLD).map((job) => (
                  <Told key={job.id} job={job} />
                ))}
              </ul>
            </Stack>
          )
        }
      </Loaded>
    </section>
  );
}
