import { DAY_MS, type FleetJobResult, type FleetJobState, type Job, PatchError } from '@linux-patch/contract';
import { sql } from 'kysely';
import { textRows } from '../database/dialect.ts';
import type { HostJobRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import { noteStarted } from '../inventory/started-jobs.ts';
import type { JobOrder } from './order.ts';

const KEPT_MS = 2 * 365 * DAY_MS;
const MAX_MESSAGE_CHARACTERS = 2_000;

/** A change that is about to be asked of a host. */
export type NewHostJob = Pick<
  HostJobRow,
  | 'id'
  | 'host_id'
  | 'fqdn'
  | 'key'
  | 'actor'
  | 'operation'
  | 'request'
  | 'plan_hash'
  | 'instance_id'
  | 'asked_at'
>;

/**
 * Writes down what a host is about to be asked; what is older than two years is forgotten. One key is one request: its repetition is the same row,
 * and is asked for again where nothing came of it.
 * @throws PatchError `IDEMPOTENCY_CONFLICT`
 */
export async function beginJob(own: Database, job: NewHostJob): Promise<HostJobRow> {
  const before = await own
    .selectFrom('host_jobs')
    .selectAll()
    .where('host_id', '=', job.host_id)
    .where('key', '=', job.key)
    .executeTakeFirst();
  if (!before) {
    const nothing = { job_id: null, act_id: null, ended_at: null, result: null, status: null };
    const row: HostJobRow = { ...job, state: 'asked', ...nothing };
    await own.insertInto('host_jobs').values(row).execute();
    await forgetJobs(own, job.asked_at);
    return row;
  }
  if (before.request !== job.request)
    throw new PatchError(
      'IDEMPOTENCY_CONFLICT',
      `This Idempotency-Key was used for another request to ${job.fqdn}. Nothing was started.`,
      { details: { job_id: before.job_id } },
    );
  if (before.job_id !== null || before.state === 'asked') return before;
  const again = { state: 'asked', instance_id: job.instance_id, ended_at: null, result: null };
  await own.updateTable('host_jobs').set(again).where('id', '=', before.id).execute();
  return { ...before, ...again };
}

/** Rows that are added without a look at anything else. */
const MAX_ROWS = 1_000;

/** Writes down what the hosts of an act are to be asked when their turn comes; by the id of the act each knows it again. */
export async function addWaiting(
  own: Database,
  hosts: readonly Pick<HostRow, 'id' | 'fqdn'>[],
  { actId, order, newId }: { readonly actId: string; readonly order: JobOrder; readonly newId: () => string },
): Promise<void> {
  const request = JSON.stringify(order);
  for (let from = 0; from < hosts.length; from += MAX_ROWS) {
    // Whoever only wants to connect, or hears of a change, does not wait for thousands of rows.
    await new Promise((resolve) => setImmediate(resolve));
    const rows = hosts.slice(from, from + MAX_ROWS).map(({ id, fqdn }) => [newId(), id, fqdn]);
    await own
      .insertInto('host_jobs')
      .columns([
        ...(['id', 'host_id', 'fqdn', 'key', 'act_id', 'actor', 'operation'] as const),
        ...(['request', 'state', 'asked_at'] as const),
      ])
      .expression(
        sql`select e.value->>0, e.value->>1, e.value->>2, a.id, a.id, a.actor, a.operation, ${request}, 'waiting', a.asked_at
          from ${textRows(own, rows)} cross join acts as a where a.id = ${actId}`,
      )
      .execute();
  }
}

/** Forgets what is too old to be of use. */
export async function forgetJobs(own: Database, nowMs: number): Promise<void> {
  for (const table of ['host_jobs', 'acts'] as const)
    await own
      .deleteFrom(table)
      .where('asked_at', '<', nowMs - KEPT_MS)
      .execute();
}

/** The host has it as a job, which is followed from now on. @returns whether that was not known before */
export async function acceptJob(
  own: Database,
  row: Pick<HostJobRow, 'id' | 'host_id'>,
  { jobId, nowMs }: { readonly jobId: string; readonly nowMs: number },
): Promise<boolean> {
  const { numUpdatedRows } = await own
    .updateTable('host_jobs')
    .set({ state: 'accepted', job_id: jobId })
    .where('id', '=', row.id)
    .where('state', '=', 'asked')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await noteStarted(own, { host_id: row.host_id, job_id: jobId, started_at: nowMs });
  return true;
}

/** Why there is no job, or nobody knows. */
export interface NoJob {
  readonly state: Extract<FleetJobState, 'not_begun' | 'not_asked' | 'unknown'>;
  readonly code: string | null;
  readonly message: string;
}

/** Nothing more is done about a request whose answer was open, or whose host was never asked. */
export async function closeJob(
  own: Database,
  { id, state: was }: Pick<HostJobRow, 'id' | 'state'>,
  { state, code, message }: NoJob,
  nowMs: number,
): Promise<void> {
  const result = resultText({ status: null, message, error_code: code, changed: {}, reboot: null });
  await own
    .updateTable('host_jobs')
    .set({ state, ended_at: nowMs, result })
    .where('id', '=', id)
    .where('state', '=', was)
    .execute();
}

/** The hosts of an act that still wait are never asked. @returns how many */
export async function closeWaiting(
  own: Database,
  actId: string,
  message: string,
  nowMs: number,
): Promise<number> {
  const result = resultText({ status: null, message, error_code: null, changed: {}, reboot: null });
  const { numUpdatedRows } = await own
    .updateTable('host_jobs')
    .set({ state: 'not_asked', ended_at: nowMs, result })
    .where('act_id', '=', actId)
    .where('state', '=', 'waiting')
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** It is the turn of a host: from now on it is asked. @returns undefined when its act was stopped meanwhile */
export async function takeWaiting(
  own: Database,
  { id }: Pick<HostJobRow, 'id'>,
  { instanceId, nowMs }: { readonly instanceId: string | undefined; readonly nowMs: number },
): Promise<HostJobRow | undefined> {
  return own
    .updateTable('host_jobs')
    .set({ state: 'asked', instance_id: instanceId ?? null, asked_at: nowMs })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .returningAll()
    .executeTakeFirst();
}

/** What of a job is kept when it is over. */
export type JobOutcome = Pick<Job, 'status' | 'message' | 'error' | 'error_code' | 'results' | 'reboot'>;

/** A job of a host is over, or the host has no record of it. */
export async function endJob(
  own: Database,
  { hostId, jobId }: { readonly hostId: string; readonly jobId: string },
  outcome: JobOutcome | undefined,
  nowMs: number,
): Promise<void> {
  const result = outcome
    ? resultOf(outcome)
    : { status: null, message: FORGOTTEN, error_code: 'JOB_NOT_FOUND', changed: {}, reboot: null };
  await own
    .updateTable('host_jobs')
    .set({
      state: outcome ? 'ended' : 'unknown',
      ended_at: nowMs,
      result: resultText(result),
      status: result.status,
    })
    .where('host_id', '=', hostId)
    .where('job_id', '=', jobId)
    .where('state', '=', 'accepted')
    .execute();
}

const FORGOTTEN = 'The host has no record of this job any more, so nobody can say how it ended.';
const UNHEARD = 'Nothing was heard of this job for a day.';

/** Whether a job that was asked for so long ago is not over. */
export async function isAcceptedBefore(db: Database, askedBeforeMs: number): Promise<boolean> {
  const row = await db
    .selectFrom('host_jobs')
    .select('id')
    .where('state', '=', 'accepted')
    .where('asked_at', '<', askedBeforeMs)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Gives up on jobs of which nothing was heard. */
export async function giveUpBefore(own: Database, askedBeforeMs: number, nowMs: number): Promise<void> {
  const result = { status: null, message: UNHEARD, error_code: null, changed: {}, reboot: null };
  await own
    .updateTable('host_jobs')
    .set({ state: 'unknown', ended_at: nowMs, result: resultText(result) })
    .where('state', '=', 'accepted')
    .where('asked_at', '<', askedBeforeMs)
    .execute();
}

function resultOf(outcome: JobOutcome): FleetJobResult {
  const changed: Record<string, number> = {};
  for (const { action } of outcome.results) changed[action] = (changed[action] ?? 0) + 1;
  return {
    status: outcome.status,
    message: outcome.error ?? outcome.message,
    error_code: outcome.error_code,
    changed,
    reboot: outcome.reboot ?? null,
  };
}

function resultText(result: FleetJobResult): string {
  return JSON.stringify({ ...result, message: result.message.slice(0, MAX_MESSAGE_CHARACTERS) });
}

/** Requests whose answer is not known, the oldest first. */
export async function readAsked(db: Database): Promise<HostJobRow[]> {
  return db.selectFrom('host_jobs').selectAll().where('state', '=', 'asked').orderBy('asked_at').execute();
}

/** Hosts whose turn it is not yet, in the order in which it comes. */
export async function readWaiting(db: Database, limit: number): Promise<HostJobRow[]> {
  return db
    .selectFrom('host_jobs')
    .selectAll()
    .where('state', '=', 'waiting')
    .orderBy('asked_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}
