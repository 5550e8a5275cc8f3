import type { Job } from '@linux-patch/contract';
import { queryOptions } from '@tanstack/react-query';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';

const EVERY_MS = 5_000;
/** Failures after which asking is of no use. Else host and manager may come back: a job outlives their restarts. */
const FINAL = new Set(['JOB_NOT_FOUND', 'HOST_NOT_FOUND', 'UNAUTHORIZED', 'FORBIDDEN']);

/** Whether a job will not change any more. */
export function isOver({ status }: Pick<Job, 'status'>): boolean {
  return status !== 'queued' && status !== 'running';
}

/** One job of a host, asked for until it has ended. */
export function jobQuery(host: string, job: string) {
  return queryOptions<Job>({
    queryKey: ['job', host, job],
    queryFn: ({ signal }) => call('hostJob', { parameters: { id: host, job }, signal }),
    // What has ended may have been rolled back a moment ago.
    staleTime: 0,
    refetchInterval: ({ state: { data, error } }) => {
      if (data && isOver(data)) return false;
      return error && FINAL.has(failureOf(error).code) ? false : EVERY_MS;
    },
  });
}
