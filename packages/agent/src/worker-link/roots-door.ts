import { type Job, PatchError } from '@linux-patch/contract';
import type { Clock, Files, Logger } from '@linux-patch/runtime';
import {
  BeginAnswer,
  createJob,
  type RootsJob,
  RunningJob,
  RunStateAnswer,
  readRootsJob,
  runFolder,
  StartAnswer,
  workerFolder,
} from '@linux-patch/worker';
import { refusalError } from '../jobs/change-intake.ts';
import type { RunRecord } from './apply-report.ts';
import { followRun } from './follow-run.ts';
import { hear } from './hear-run.ts';
import { lostProcess } from './job-runner.ts';
import type { WorkerLink } from './link.ts';

/** A change as the API would be asked for it. */
export interface RootsChange {
  /** Method, path and query. */
  readonly line: string;
  /** JSON; empty where the route has none. */
  readonly body: string;
}

/** How a job is followed. */
export interface Following {
  /** Told of each step, and of the lines that it has printed since the last. */
  readonly onJob: (
    job: Pick<Job, 'status' | 'progress_percent' | 'message'>,
    output: string | undefined,
  ) => void;
  /** Stops the following; the job goes on. */
  readonly signal: AbortSignal;
}

/** What root may have done on its own host, by a worker that it starts itself, whether an agent runs or not. */
export interface RootsDoor {
  /**
   * Has a change begun. @returns its job
   * @throws PatchError what the worker refuses it with; `WORKER_UNAVAILABLE`
   */
  start(change: RootsChange): Promise<string>;
  /** A job that was asked for here; undefined for any other. @param following absent: as it is now */
  look(job: string, following?: Following): Promise<Job | undefined>;
}

export interface RootsDoorOptions {
  readonly link: Pick<WorkerLink, 'ask'>;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly root: string;
  /** Why the clock cannot be believed now; undefined when it can. */
  readonly clockFault: () => string | undefined;
}

const lane = 'changes';

/** A process that ends without a word is started once more, as the agent does. */
const MOST_STARTS = 2;

/** Lists and denials are the agent's to keep, which reads the same. */
const NO_RECORD: RunRecord = {
  cache: {
    noteSources: () => {},
    noteRefreshed: async () => {},
    noteFailure: async () => {},
    noteApplied: async () => {},
  },
  onDenied: () => {},
  onAudited: () => {},
};

export function openRootsDoor(options: RootsDoorOptions): RootsDoor {
  const { link, files, root, clockFault } = options;
  return {
    async start({ line, body }) {
      const answer = await link.ask(
        {
          v: 1,
          op: 'start',
          bytes: Buffer.byteLength(body),
          change: { line, contentType: 'application/json', caller: 'root', names: [] },
          clockFault: clockFault(),
        },
        StartAnswer,
        { body, lane },
      );
      if (answer.kind === 'refused') throw refusalError(answer);
      if (answer.kind === 'accepted') return answer.job;
      throw new PatchError('INTERNAL_ERROR', 'The worker takes a change of root for another.');
    },
    async look(id, following) {
      const begun = await readRootsJob(files, workerFolder(root), id);
      return begun && view(options, begun, following);
    },
  };
}

/** What the process of a job has said by now, or until it ends, as a job. */
async function view(
  { link, files, clock, logger, root, clockFault }: RootsDoorOptions,
  { job: jobId, request, acceptedAtMs: nowMs }: RootsJob,
  following: Following | undefined,
): Promise<Job> {
  const job = new RunningJob({
    core: createJob({ id: jobId, request, nowMs, byRoot: true }),
    request,
    clock,
    events: { publish: (core, _atMs, output) => following?.onJob(core, output) },
    journal: { save: async () => {}, appendLog: () => {} },
    changed: () => {},
    unwritten: () => {},
  });
  await job.start();
  const heard = hear({ logger, record: NO_RECORD }, { jobId, report: job });
  for (let starts = 0; starts < MOST_STARTS && !heard.isEnding(); starts += 1) {
    if (starts > 0)
      await link.ask({ v: 1, op: 'begin', job: jobId, clockFault: clockFault() }, BeginAnswer, { lane });
    await followRun({
      files,
      clock,
      folder: runFolder(workerFolder(root), jobId),
      // Who cannot say so now is asked again.
      isRunning: () =>
        link.ask({ v: 1, op: 'run-state', job: jobId }, RunStateAnswer, { lane }).then(
          ({ running }) => running,
          () => true,
        ),
      hasEnded: following === undefined,
      onLine: heard.onLine,
      isEnough: heard.isEnding,
      signal: following?.signal ?? new AbortController().signal,
    });
    if (!following) break;
  }
  await heard.settled();
  const ending = heard.ending();
  if (ending?.t === 'done') await job.complete(ending.message);
  else if (ending) await job.fail(new PatchError(ending.code, ending.message, { details: ending.details }));
  else if (following) await job.fail(lostProcess());
  return { ...job.core, ...job.text() };
}
