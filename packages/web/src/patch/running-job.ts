import type { JobSummary } from '@linux-patch/contract';
import { queryOptions } from '@tanstack/react-query';
import { call } from '../api/call.ts';

const OFTEN_MS = 5_000;
const SELDOM_MS = 20_000;

/** The job that waits or runs on a host now; null when none does. */
export function runningJob(id: string) {
  return queryOptions<JobSummary | null>({
    queryKey: ['running job', id],
    queryFn: async ({ signal }) => {
      const query = { limit: 20, sort: 'created_at', order: 'desc' };
      const { jobs } = await call('hostJobs', { parameters: { id }, query, signal });
      return jobs.find(({ status }) => status === 'queued' || status === 'running') ?? null;
    },
    refetchInterval: ({ state }) => (state.error ? false : state.data ? OFTEN_MS : SELDOM_MS),
  });
}
