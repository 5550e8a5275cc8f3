import { type Job, type JobList, messageOf, PatchError } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { describeJob, pastTime, renderTable } from '@linux-patch/runtime/printed';
import { isFinished, JobJournal } from '@linux-patch/worker';
import { type AgentContext, EXIT } from '../app/agent-context.ts';
import { summaryOf } from '../jobs/summary.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';

/** What the commands about jobs are asked for. */
export type JobsInvocation =
  | { readonly mode: 'jobs'; readonly json: boolean }
  | { readonly mode: 'job'; readonly json: boolean; readonly id: string; readonly follow: boolean };

type JobsContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>;

/** How often the record of a job that is followed is looked at: the agent writes it down about as often. */
const LOOK_EVERY_MS = 1_000;

function journalOf({ host, settings, report }: JobsContext): JobJournal {
  return new JobJournal({
    folder: settings.config.jobs.storage_path,
    files: host.files,
    logger: report.logger,
  });
}

/** `jobs`: what this host was asked to do, newest first. Returns the exit code. */
export async function showJobs(context: JobsContext, json: boolean): Promise<number> {
  const { stdout, stderr } = context.program;
  const { entries, unreadable } = await journalOf(context).look();
  for (const { path, error } of unreadable)
    stderr(`${printableLine(`The job in ${path} cannot be read: ${messageOf(error)}`)}\n`);
  const jobs = entries.map(({ core }) => summaryOf(core)).reverse();
  const data: JobList = { jobs, total: jobs.length, limit: null, offset: 0 };
  stdout(`${json ? JSON.stringify(data, null, 2) : describeJobs(data, context.time.clock.now())}\n`);
  return unreadable.length === 0 ? EXIT.clean : EXIT.error;
}

function describeJobs({ jobs }: JobList, nowMs: number): string {
  if (jobs.length === 0) return 'No jobs.';
  return renderTable(
    ['JOB', 'OPERATION', 'STATUS', 'CREATED', 'MESSAGE'],
    jobs.map((job) => [job.job_id, job.operation, job.status, pastTime(job.created_at, nowMs), job.message]),
  );
}

/** `job ID`: how one of them stands, or with `--follow` what it prints until it ends. Returns the exit code. */
export async function showJob(
  context: JobsContext,
  { id, json, follow }: Extract<JobsInvocation, { mode: 'job' }>,
): Promise<number> {
  const journal = journalOf(context);
  const { stdout } = context.program;
  const print = json ? context.program.stderr : stdout;
  const job = follow ? await followed(context, journal, { id, print }) : await find(journal, id);
  stdout(
    `${json ? JSON.stringify(job, null, 2) : describe(job, { nowMs: context.time.clock.now(), follow })}\n`,
  );
  return exitCodeOf(job);
}

/** @throws PatchError `JOB_NOT_FOUND` */
async function find(journal: JobJournal, id: string): Promise<Job> {
  const { entries, unreadable } = await journal.look();
  const core = entries.find((one) => one.core.job_id === id)?.core;
  if (core) {
    const text = await journal.readText(id);
    // What a job that runs has printed stands in its log alone.
    return { ...core, ...text, logs: isFinished(core) ? text.logs : await journal.readLog(id) };
  }
  const broken = unreadable.find(({ path }) => path.endsWith(`/${id}.json`));
  if (broken)
    throw new PatchError(
      'JOB_NOT_FOUND',
      `The record of this job cannot be read: ${messageOf(broken.error)}`,
    );
  throw new PatchError(
    'JOB_NOT_FOUND',
    `This host has no job ${id} on record. "linux-patch-api jobs" shows those that it has.`,
  );
}

async function followed(
  { time: { clock, signal } }: JobsContext,
  journal: JobJournal,
  { id, print }: { readonly id: string; readonly print: (text: string) => void },
): Promise<Job> {
  let shown = 0;
  for (;;) {
    const job = await find(journal, id);
    const lines = await journal.readLog(id);
    for (const line of lines.slice(shown)) print(`${printableLine(line)}\n`);
    shown = Math.max(shown, lines.length);
    if (isFinished(job)) return job;
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
    if (signal.aborted)
      throw new PatchError(
        'CANCELLED',
        `Not followed any more. The job goes on; look with: linux-patch-api job ${id}`,
      );
  }
}

function describe(job: Job, { nowMs, follow }: { readonly nowMs: number; readonly follow: boolean }): string {
  const log = follow || job.logs.length === 0 ? [] : ['', ...job.logs.map(printableLine)];
  return [describeJob(job, nowMs), ...log].join('\n');
}

function exitCodeOf(job: Job): number {
  if (!isFinished(job)) return EXAMINED_EXIT.underWay;
  return job.status === 'completed' ? EXAMINED_EXIT.well : EXAMINED_EXIT.needsPerson;
}
