import { compareText, type Job, type JobList, messageOf, PatchError } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { describeJob, pastTime, renderTable } from '@linux-patch/runtime/printed';
import { isFinished, JobJournal, listRootsJobs, workerFolder } from '@linux-patch/worker';
import { type AgentContext, EXIT } from '../app/agent-context.ts';
import { openHostDoor } from '../app/host-listings.ts';
import { findAgents } from '../doctor/checks/processes.ts';
import { rollbackOf } from '../jobs/rollback-of.ts';
import { summaryOf } from '../jobs/summary.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';

/** What the commands about jobs are asked for. */
export type JobsInvocation =
  | { readonly mode: 'jobs'; readonly json: boolean }
  | { readonly mode: 'job'; readonly json: boolean; readonly id: string; readonly follow: boolean };

type Following = NonNullable<Parameters<ReturnType<typeof openHostDoor>['look']>[1]>;
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
  const known = new Set(entries.map(({ core }) => core.job_id));
  const others = await untaken(context, known);
  for (const { path, error } of unreadable)
    stderr(`${printableLine(`The job in ${path} cannot be read: ${messageOf(error)}`)}\n`);
  if (entries.some(({ core }) => !isFinished(core))) await sayIfUnkept(context);
  const jobs = [...entries.map(({ core }) => core), ...others]
    .toSorted((one, other) => compareText(other.created_at, one.created_at))
    .map(summaryOf);
  const data: JobList = { jobs, total: jobs.length, limit: null, offset: 0 };
  stdout(`${json ? JSON.stringify(data, null, 2) : describeJobs(data, context.time.clock.now())}\n`);
  return unreadable.length === 0 ? EXIT.clean : EXIT.error;
}

/** What root has asked for itself and no agent has on record yet. */
async function untaken(context: JobsContext, known: ReadonlySet<string>): Promise<Job[]> {
  using stack = new DisposableStack();
  const door = openHostDoor(context, stack);
  const { files, root } = context.host;
  const begun = await listRootsJobs(files, workerFolder(root), (path, error) =>
    context.program.stderr(`${printableLine(`The job in ${path} cannot be read: ${messageOf(error)}`)}\n`),
  );
  const jobs = begun
    .filter(({ job, isRecorded }) => !isRecorded && !known.has(job))
    .map(({ job }) => door.look(job));
  return (await Promise.all(jobs)).filter((job) => job !== undefined);
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
  const { stdout } = context.program;
  const print = json ? context.program.stderr : stdout;
  const job = await lookedAt(context, { id, print, follow });
  stdout(
    `${json ? JSON.stringify(job, null, 2) : describe(job, { nowMs: context.time.clock.now(), follow })}\n`,
  );
  return exitCodeOf(job);
}

async function lookedAt(
  context: JobsContext,
  {
    follow,
    ...wish
  }: { readonly id: string; readonly print: (text: string) => void; readonly follow: boolean },
): Promise<Job> {
  const journal = journalOf(context);
  using stack = new DisposableStack();
  if (!(await journal.has(wish.id))) {
    const door = openHostDoor(context, stack);
    const following = follow ? linesTo(context, wish.print) : undefined;
    const ofRoot = await door.look(wish.id, following).catch((error: unknown) => {
      throw context.time.signal.aborted ? notFollowed(wish.id) : error;
    });
    if (ofRoot) return ofRoot;
  }
  const job = follow ? await followed(context, journal, wish) : await find(journal, wish.id);
  if (!isFinished(job)) await sayIfUnkept(context);
  const { entries } = await journal.look();
  const cores = entries.map(({ core }) => core);
  return { ...job, rolled_back_by: rollbackOf(wish.id, cores) };
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
    if (signal.aborted) throw notFollowed(id);
  }
}

function notFollowed(id: string): PatchError {
  return new PatchError(
    'CANCELLED',
    `Not followed any more. The job goes on; look with: linux-patch-api job ${id}`,
  );
}

/** What a job prints and does, line by line. */
function linesTo({ time: { signal } }: JobsContext, print: (text: string) => void): Following {
  let said = '';
  return {
    signal,
    onJob: ({ message }, output) => {
      for (const line of output?.split('\n') ?? []) print(`  ${printableLine(line)}\n`);
      if (message !== said) print(`${printableLine(message)}\n`);
      said = message;
    },
  };
}

function describe(job: Job, { nowMs, follow }: { readonly nowMs: number; readonly follow: boolean }): string {
  const log = follow || job.logs.length === 0 ? [] : ['', ...job.logs.map(printableLine)];
  return [describeJob(job, nowMs), ...log].join('\n');
}

function exitCodeOf(job: Job): number {
  if (!isFinished(job)) return EXAMINED_EXIT.underWay;
  return job.status === 'completed' ? EXAMINED_EXIT.well : EXAMINED_EXIT.needsPerson;
}
