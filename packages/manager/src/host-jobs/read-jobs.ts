import {
  FLEET_JOB_STATES,
  type FleetJob,
  type FleetJobFilter,
  FleetJobResult,
  type FleetJobs,
  isoOf,
  JOB_OPERATIONS,
} from '@linux-patch/contract';
import type { HostJobRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import { readStored } from '../database/stored-json.ts';
import type { Page } from '../inventory/fleet-question.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';

/** Which jobs. */
export interface JobsAsked extends Page {
  /** Jobs of other hosts are not there. */
  readonly reach: Reach;
  readonly hostId: string | undefined;
  /** Of the host. */
  readonly jobId: string | undefined;
  readonly state: FleetJobFilter | undefined;
  readonly actId: string | undefined;
  readonly sinceMs: number | undefined;
}

const UNREADABLE: FleetJobResult = {
  status: null,
  message: 'What is on record of it cannot be read.',
  error_code: null,
  changed: {},
  reboot: null,
};

/** What the manager was asked to have done on hosts, the newest first. */
export async function readFleetJobs(db: Database, asked: JobsAsked): Promise<FleetJobs> {
  const { hostId, jobId, state, actId, sinceMs } = asked;
  let matching = db.selectFrom('host_jobs').where(within(asked.reach, 'host_jobs.host_id'));
  if (hostId !== undefined) matching = matching.where('host_id', '=', hostId);
  if (jobId !== undefined) matching = matching.where('job_id', '=', jobId);
  if (actId !== undefined) matching = matching.where('act_id', '=', actId);
  if (state === 'completed') matching = matching.where('state', '=', 'ended').where('status', '=', state);
  else if (state === 'failed')
    matching = matching.where('state', '=', 'ended').where('status', 'is distinct from', 'completed');
  else if (state !== undefined) matching = matching.where('state', '=', state);
  if (sinceMs !== undefined) matching = matching.where('asked_at', '>=', sinceMs);
  const rows = await matching
    .selectAll()
    .orderBy('asked_at', 'desc')
    .orderBy('id', 'desc')
    .limit(asked.limit)
    .offset(asked.offset)
    .execute();
  const { total } = await matching
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return { jobs: rows.map(viewOf), total };
}

function viewOf(row: HostJobRow): FleetJob {
  return {
    id: row.id,
    key: row.key,
    host_id: row.host_id,
    fqdn: row.fqdn,
    operation: JOB_OPERATIONS.find((one) => one === row.operation) ?? 'patch_apply',
    actor: row.actor,
    state: FLEET_JOB_STATES.find((one) => one === row.state) ?? 'unknown',
    job_id: row.job_id,
    plan_hash: row.plan_hash,
    act_id: row.act_id,
    asked_at: new Date(row.asked_at).toISOString(),
    ended_at: isoOf(row.ended_at),
    result: row.result === null ? null : readStored(FleetJobResult, row.result, UNREADABLE),
  };
}
