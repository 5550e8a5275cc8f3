import type { Job } from '@linux-patch/contract';
import { useQuery } from '@tanstack/react-query';
import { failureOf } from '../api/call-failure.ts';
import { ask } from '../api/queries.ts';
import { Said } from '../words/said.tsx';
import { who } from '../words/who.ts';

/** Who asked for a job, by the records of this manager. */
export function AskedBy({ host, job }: { readonly host: string; readonly job: Job }) {
  const { data, error } = useQuery(ask('fleetJobs', { query: { host, job: job.job_id, limit: 1 } }));
  const [asked] = data?.jobs ?? [];
  if (asked) return <Said text={who(asked.actor)} />;
  if (job.by_root) return 'root of the host, there';
  if (data) return 'somebody else than this manager, or it was more than two years ago';
  return error ? `? not known: ${failureOf(error).message}` : '…';
}
