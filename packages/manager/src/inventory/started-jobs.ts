import type { StartedJobRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';

/** Remembers a job that this manager started, so that what it changes is known to be its work. */
export async function noteStarted(own: Database, job: StartedJobRow): Promise<void> {
  await own
    .insertInto('started_jobs')
    .values(job)
    .onConflict((conflict) => conflict.columns(['host_id', 'job_id']).doNothing())
    .execute();
}

/** Jobs whose changes were not seen yet; those of one host, or all of hosts that have not left. */
export async function readStarted(db: Database, hostId?: string): Promise<StartedJobRow[]> {
  let query = db
    .selectFrom('started_jobs')
    .innerJoin('hosts', 'hosts.id', 'started_jobs.host_id')
    .selectAll('started_jobs')
    .where('hosts.left_at', 'is', null)
    .orderBy('started_at');
  if (hostId !== undefined) query = query.where('host_id', '=', hostId);
  return query.execute();
}

/** Their changes were seen. */
export async function forgetStarted(own: Database, hostId: string, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await own.deleteFrom('started_jobs').where('host_id', '=', hostId).where('job_id', 'in', jobIds).execute();
}

/** Jobs of which nothing was heard since. */
export async function forgetStartedBefore(own: Database, atMs: number): Promise<void> {
  await own.deleteFrom('started_jobs').where('started_at', '<', atMs).execute();
}
