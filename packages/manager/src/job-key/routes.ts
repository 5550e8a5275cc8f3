import { JOB_KEY_STATES, type JobKeyStatus, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { FleetPoll } from '../fleet-watch/poll.ts';
import type { HostStore } from '../hosts/store.ts';
import type { Routes } from '../http/routes.ts';
import { rememberJobKey } from './establish.ts';
import type { JobKey } from './job-key.ts';

export interface JobKeySources {
  readonly jobKey: JobKey;
  readonly hosts: HostStore;
  readonly poll: Pick<FleetPoll, 'roundSoon'>;
  readonly audit: AuditLog;
  readonly db: Kysely<ManagerTables>;
}

async function statusOf({ jobKey, hosts }: JobKeySources): Promise<JobKeyStatus> {
  const states = (await hosts.list('everywhere'))
    .filter((one) => one.left_at === null)
    .map((one) => one.job_key.state);
  const counts = JOB_KEY_STATES.map(
    (state) => [state, states.filter((one) => one === state).length] as const,
  );
  return {
    fingerprint: jobKey.fingerprint,
    since: jobKey.since,
    former: [...jobKey.former],
    hosts: Object.fromEntries(counts) as JobKeyStatus['hosts'],
  };
}

/** What administrators call about the job key. */
export function serveJobKeyRoutes(routes: Routes, sources: JobKeySources): void {
  const { jobKey, poll, audit, db } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.jobKey, () => statusOf(sources));
  routes.serve(MANAGER_ADMIN_ROUTES.rotateJobKey, async ({ actor }) => {
    const { previous, fingerprint } = await jobKey.rotate();
    const fields = { fingerprint, previous };
    await inTransaction(db, async (own) => {
      await audit.record(own, { actor: actor.name, event: 'job_key_rotated', fields });
      await rememberJobKey(own, fingerprint);
    });
    poll.roundSoon();
    return statusOf(sources);
  });
}
