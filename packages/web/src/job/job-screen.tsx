import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Loaded } from '../states/loaded.tsx';
import { jobQuery } from './job-query.ts';
import { JobView } from './job-view.tsx';

/** One job of one host: how it goes while it runs, and what came of it. */
export function JobScreen() {
  const { name = '', job = '' } = useParams({ strict: false });
  const query = useQuery(jobQuery(name, job));
  return (
    <>
      <Title order={1} mb="md">
        {query.data ? query.data.operation.replaceAll('_', ' ') : 'Job'} on {name}
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
