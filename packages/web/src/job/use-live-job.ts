import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { sessionQuery } from '../session/session.ts';
import { followOutput, type LiveJob } from './follow-output.ts';
import { jobQuery } from './job-query.ts';

/** How a job stands by its own words while it runs; undefined before the first, and when nobody is signed in. */
export function useLiveJob(host: string, job: string, isRunning: boolean): LiveJob | undefined {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const [live, setLive] = useState<LiveJob>();
  const isFollowed = isRunning && session !== null && session !== undefined;
  useEffect(() => {
    if (!isFollowed) return undefined;
    return followOutput({ id: host, job }, setLive, () => {
      void client.invalidateQueries({ queryKey: jobQuery(host, job).queryKey });
    });
  }, [client, host, job, isFollowed]);
  return live;
}
