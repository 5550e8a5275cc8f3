import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Loaded } from '../states/loaded.tsx';
import { operationWords } from '../words/operation.ts';
import { jobQuery } from './job-query.ts';
import { JobView } from './job-view.tsx';

/** As the first word of a heading. */
const begun = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** One job of one host: how it goes while it runs, and what came of it. */
export function JobScreen() {
  const { name = '', job = '' } = useParams({ strict: false });
  const query = useQuery(jobQuery(name, job));
  return (
    <>
      <Title order={1} mb="md">
        {begun(query.data ? operationWords(query.data) : 'job')} on {name}
      </Title>
      <nav aria-label="Back">
        <Link to="/hosts/$name/$tab" params={{ name, tab: 'jobs' }}>
          Jobs of {name}
        </Link>
      </nav>
      <Loaded query={query} what="the job">
        {(data) => <JobView key={data.job_id} host={name} job={data} />}
      </Loaded>
    </>
  );
}
