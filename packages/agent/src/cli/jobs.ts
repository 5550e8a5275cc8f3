import { type Job, type JobList, messageOf, PatchError } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { describeJob, pastTime, renderTable } from '@linux-patch/runtime/printed';
import { isFinished, JobJournal } from '@linux-patch/worker';
import { type AgentContext, EXIT } from '../app/agent-context.ts';
import { findAgents } from '../doctor/checks/processes.ts';
import { summaryOf } from '../jobs/summary.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';

/** What the commands about jobs are asked for. */
export type JobsInvocation =
  | { readonly mode: 'jobs'; readonly json: boolean }
  | { readonly mode: 'job'; readonly json: boolean; readonly id: string; readonly follow: boolean };

type JobsContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>;

/** How often the record of a job that is followed is looked at: the agent writes it down about as often. */
const LOOK_EVERY_MS = 1_000;
/** So many looks are between two for whoever keeps it. */
const LOOKS_BETWEEN = 30;

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
  if (entries.some(({ core }) => !isFinished(core))) await sayIfUnkept(context);
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
  if (!isFinished(job)) await sayIfUnkept(context);
  stdout(
    `${json ? JSON.stringify(job, null, 2) : describe(job, { nowMs: context.time.clock.now(), follow })}\n`,
  );
  return exitCodeOf(job);
}

/** @throws PatchError `JOB_NOT_FOUND`, `SERVICE_UNHEALTHY` for a record that cannot be read */
async function find(journal: JobJournal, id: string): Promise<Job> {
  const job = await journal.find(id).catch((cause: unknown) => {
    // What the system refuses has words of its own.
    if (cause instanceof Error && 'syscall' in cause) throw cause;
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `The record of this job cannot be read (${messageOf(cause)}). "linux-patch-api doctor" says what to do about it.`,
    );
  });
  // What a job that runs has printed stands in its log alone.
  if (job) return isFinished(job) ? job : { ...job, logs: await journal.readLog(id) };
  throw new PatchError(
    'JOB_NOT_FOUND',
    `This host has no job ${id} on record. "linux-patch-api jobs" shows those that it has.`,
  );
}

/** A record that nobody keeps says what was, and nothing of now. */
async function sayIfUnkept({ host, program }: JobsContext): Promise<void> {
  const agents = (await findAgents(host.files)).filter((one) => one.root === host.root);
  if (agents.length > 0) return;
  program.stderr(
    'No agent runs on this host, so nobody writes down what becomes of a job that has not ended; the job itself may go on. ' +
      'Start the agent to know: systemctl start linux-patch-api\n',
  );
}

async function followed(
  context: JobsContext,
  journal: JobJournal,
  { id, print }: { readonly id: string; readonly print: (text: string) => void },
): Promise<Job> {
  const { clock, signal } = context.time;
  let shown = 0;
  for (let looks = 0; ; looks += 1) {
    const job = await find(journal, id);
    if (!isFinished(job) && looks % LOOKS_BETWEEN === 0) await sayIfUnkept(context);
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
