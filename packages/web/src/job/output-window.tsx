import type { Job } from '@linux-patch/contract';
import { Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { addressOf } from '../api/call.ts';
import { Empty } from '../states/empty.tsx';
import type { LiveJob } from './follow-output.ts';
import { isOver } from './job-query.ts';
import { addOutput, NO_OUTPUT } from './output-tail.ts';

/** Nearer to the end than this counts as at the end. */
const NEAR_PX = 40;

/** The newest of what a job printed; whoever reads at the end stays there. */
export function OutputWindow({
  host,
  job,
  live,
}: {
  readonly host: string;
  readonly job: Job;
  readonly live: LiveJob | undefined;
}) {
  const place = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  // The record of an ended job has all that its host kept; of a running one, what came before the page was opened.
  const recorded = addOutput(NO_OUTPUT, job.output ?? '');
  const { text, isCut } = live && !isOver(job) && live.tail.text !== '' ? live.tail : recorded;
  useEffect(() => {
    if (isAtEnd.current && place.current) place.current.scrollTop = place.current.scrollHeight;
  }, [text]);
  return (
    <section>
      <Title order={2} size="h4" mt="lg" mb="xs">
        Output
      </Title>
      {text === '' ? (
        <Empty title={isOver(job) ? 'It printed nothing.' : 'It has printed nothing yet.'} />
      ) : (
        <pre
          ref={place}
          className="output"
          tabIndex={0}
          role="region"
          aria-label="Output of the job"
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
          }}
        >
          {text}
        </pre>
      )}
      {live?.hasGap && !isOver(job) ? (
        <Text size="sm">Some of the output between did not come; the record of the job has it.</Text>
      ) : null}
      {live?.trouble !== undefined && !isOver(job) ? (
        <Text size="sm" role="status">
          {live.trouble}
        </Text>
      ) : null}
      <Text size="sm" mt="xs">
        {isCut ? 'The newest of it is shown. ' : ''}
        <a
          href={addressOf('hostJob', { parameters: { id: host, job: job.job_id } })}
          target="_blank"
          rel="noreferrer"
        >
          The whole record of the job, as the host keeps it (JSON)
        </a>
      </Text>
    </section>
  );
}
