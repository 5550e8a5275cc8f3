import { type Job, type JobDeleted, messageOf, PatchError } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import {
  createJob,
  type Executor,
  type HistoryLimits,
  isFinished,
  type JobCore,
  type JobJournal,
  type JobRequest,
  type JournalEntry,
  type NamedRequest,
  NO_TEXT,
  needsTransaction,
  type OutlivingWork,
  outdatedJobs,
  RunningJob,
  runJob,
  takeUp,
  transition,
} from '@linux-patch/worker';
import { JobEvents } from './events.ts';
import { findKey, findNamed } from './idempotency.ts';

/** Where a job comes from. */
export interface SubmittedAs {
  /** What the worker calls it; absent gives it a new id. */
  readonly id?: string;
  /** Absent where its caller gave it no name. */
  readonly named?: NamedRequest | undefined;
  /** Fingerprint of the job key that signed the request. */
  readonly signedBy?: string | undefined;
}

export interface JobQueueOptions {
  readonly journal: JobJournal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether the clock is good enough to remove jobs because of their age. */
  readonly mayForget?: () => boolean;
  readonly limits: HistoryLimits & {
    readonly maxConcurrent: number;
    /** Jobs queued and running together. */
    readonly maxQueueDepth: number;
    readonly timeoutMinutes: number;
  };
  readonly execute: Executor;
  /** Package work that outlives the agent; without it a job ends with the agent. */
  readonly detached?: OutlivingWork | undefined;
}

/**
 * The jobs of this host. Disposing it tells running jobs to stop and records them as interrupted; where package work is
 * detached it goes on, and the next agent takes the job up again.
 */
export interface JobQueue extends AsyncDisposable {
  readonly events: JobEvents;
  /**
   * Accepts a job; it is on disk before this resolves. A request that was accepted under this name before is the job that
   * it was then.
   * @throws PatchError `QUEUE_FULL`, `IDEMPOTENCY_CONFLICT` or `SERVICE_UNHEALTHY`.
   */
  submit(request: JobRequest, from?: SubmittedAs): Promise<JobCore>;
  /**
   * The job that a request of this name became; undefined when there was none.
   * @throws PatchError `IDEMPOTENCY_CONFLICT`, and what `submit` threw when the job is not on disk after all.
   */
  findNamed(named: NamedRequest): Promise<JobCore | undefined>;
  /** What this `Idempotency-Key` names; undefined when it names nothing. */
  findKey(key: string): { readonly job: string; readonly digest: string } | undefined;
  /** Newest first. */
  list(): readonly JobCore[];
  find(id: string): JobCore | undefined;
  /** @throws PatchError `JOB_NOT_FOUND`. */
  get(id: string): Promise<Job>;
  /** Cancels a queued or running job, deletes a finished one. @throws PatchError `JOB_NOT_FOUND`. */
  cancelOrDelete(id: string): Promise<JobDeleted>;
  /** `ok`, or what is wrong. */
  health(): string;
}

/** Seconds after which a full queue may have room; the older agent said the same. */
const RETRY_SECONDS = 60;
const STOP_LIMIT_MS = 2_000;

/** Reads the journal, settles what the last run left, and starts working. */
export async function openJobQueue(options: JobQueueOptions): Promise<JobQueue> {
  const queue = new DurableJobQueue(options);
  await queue.open();
  return queue;
}

class DurableJobQueue implements JobQueue {
  readonly events: JobEvents;
  readonly #options: JobQueueOptions;
  readonly #journal: JobJournal;
  /** Every known job, oldest first. */
  readonly #jobs = new Map<string, JournalEntry>();
  /** Being written for the first time. */
  readonly #accepting = new Map<string, Promise<void>>();
  /** Accepted and written, waiting for their turn. */
  #ready: string[] = [];
  readonly #running = new Map<string, { readonly job: RunningJob; readonly done: Promise<void> }>();
  #stopped = false;
  #journalFault: string | undefined;

  constructor(options: JobQueueOptions) {
    this.#options = options;
    this.#journal = options.journal;
    this.events = new JobEvents(options.clock.now());
  }

  async open(): Promise<void> {
    for (const entry of await this.#journal.load()) this.#jobs.set(entry.core.job_id, entry);
    for (const entry of this.#jobs.values()) {
      if (entry.core.status === 'queued') this.#ready.push(entry.core.job_id);
      if (entry.core.status === 'running') await this.#takeUp(entry);
    }
    await this.#prune().catch(this.#noteJournalFault);
    this.#startReady();
  }

  async submit(request: JobRequest, from: SubmittedAs = {}): Promise<JobCore> {
    const { named, signedBy } = from;
    const earlier = named && findNamed(this.#jobs.values(), named);
    if (earlier) return this.#accepted(earlier);
    this.#refuseWhenClosed();
    const { clock, random } = this.#options;
    const id = from.id ?? random.uuid();
    const core = createJob({ id, request, nowMs: clock.now(), signedBy });
    // Counted before anything is awaited, so that two requests of one instant cannot share the last place, or one name.
    this.#jobs.set(id, { core, request, named });
    const writing = this.#write({ core, request, named });
    this.#accepting.set(id, writing);
    await writing.finally(() => this.#accepting.delete(id));
    this.events.publish(core, clock.now());
    // It may have been cancelled while it was written.
    if (this.find(id)?.status === 'queued') this.#ready.push(id);
    this.#startReady();
    return core;
  }

  async findNamed(named: NamedRequest): Promise<JobCore | undefined> {
    const entry = findNamed(this.#jobs.values(), named);
    return entry && this.#accepted(entry);
  }

  findKey(key: string): { readonly job: string; readonly digest: string } | undefined {
    const entry = findKey(this.#jobs.values(), key);
    return entry?.named && { job: entry.core.job_id, digest: entry.named.digest };
  }

  list(): readonly JobCore[] {
    return [...this.#jobs.values()].map((entry) => entry.core).reverse();
  }

  find(id: string): JobCore | undefined {
    return this.#jobs.get(id)?.core;
  }

  async get(id: string): Promise<Job> {
    const entry = this.#entry(id);
    const live = this.#running.get(id)?.job;
    const text = live ? live.text() : await this.#journal.readText(id);
    return { ...(live?.core ?? entry.core), ...text };
  }

  async cancelOrDelete(id: string): Promise<JobDeleted> {
    const entry = this.#entry(id);
    const { core } = entry;
    const answer = { job_id: id, previous_status: core.status };
    const running = this.#running.get(id);
    if (running && !isFinished(core)) {
      running.job.stop(new PatchError('CANCELLED', 'The job was cancelled while it was running.'));
      return { ...answer, current_status: core.status, action: 'cancelling' };
    }
    if (core.status === 'queued') {
      const message = 'The job was cancelled before it started.';
      const cancelled = transition(
        core,
        { type: 'fail', code: 'CANCELLED', message },
        this.#options.clock.now(),
      );
      this.#ready = this.#ready.filter((other) => other !== id);
      this.#jobs.set(id, { ...entry, core: cancelled });
      this.events.publish(cancelled, this.#options.clock.now());
      await this.#journal.save({ ...entry, core: cancelled }, NO_TEXT);
      return { ...answer, current_status: cancelled.status, action: 'cancelled' };
    }
    this.#jobs.delete(id);
    await this.#journal.remove(id);
    return { ...answer, current_status: 'deleted', action: 'deleted' };
  }

  health(): string {
    if (this.#journalFault !== undefined) return `jobs cannot be written to disk: ${this.#journalFault}`;
    const active = this.#active();
    return active >= this.#options.limits.maxQueueDepth ? `the queue is full (${active} jobs)` : 'ok';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    const running = [...this.#running.values()];
    const reason = new PatchError(
      'INTERRUPTED',
      'The agent was stopped while the job was running. Check the packages, then run the job again.',
    );
    for (const { job } of running) job.stop(reason);
    const enough = new AbortController();
    await Promise.race([
      Promise.all(running.map(({ done }) => done)),
      this.#options.clock.sleep(STOP_LIMIT_MS, enough.signal).catch(() => {}),
    ]);
    enough.abort();
    if (!this.#options.detached)
      await Promise.all(running.map(({ job }) => job.fail(reason).catch(this.#noteJournalFault)));
    await this.#journal.settle();
  }

  /** A job that its caller asked for once more; it is on disk when this resolves. */
  async #accepted({ core }: JournalEntry): Promise<JobCore> {
    await this.#accepting.get(core.job_id);
    this.#options.logger.info('a request was repeated; it is the job that it was before', {
      job_id: core.job_id,
      operation: core.operation,
    });
    return core;
  }

  /** @throws PatchError `SERVICE_UNHEALTHY` when it cannot be written; then there is no such job. */
  async #write(entry: JournalEntry): Promise<void> {
    try {
      await this.#journal.save(entry, NO_TEXT);
    } catch (cause) {
      this.#jobs.delete(entry.core.job_id);
      this.#noteJournalFault(cause);
      throw new PatchError(
        'SERVICE_UNHEALTHY',
        `The job was not accepted because it could not be written to disk (${messageOf(cause)}). Free space or mend the folder ${this.#journal.folder}.`,
        { cause },
      );
    }
    this.#journalFault = undefined;
  }

  async #takeUp(entry: JournalEntry): Promise<void> {
    const { clock, detached, logger } = this.#options;
    const { job_id: id } = entry.core;
    const unwritten = this.#noteJournalFault;
    const ended = await takeUp(entry, { clock, logger, journal: this.#journal, detached, unwritten });
    if (ended) this.#jobs.set(id, ended);
    else this.#ready.unshift(id);
  }

  #entry(id: string): JournalEntry {
    const entry = this.#jobs.get(id);
    if (entry) return entry;
    throw new PatchError('JOB_NOT_FOUND', `No job has the id ${id}.`, { details: { job_id: id } });
  }

  #refuseWhenClosed(): void {
    if (this.#stopped) throw new PatchError('SERVICE_UNHEALTHY', 'The agent is stopping.');
    const active = this.#active();
    if (active >= this.#options.limits.maxQueueDepth) {
      throw new PatchError('QUEUE_FULL', `${active} jobs are waiting or running already.`, {
        details: { retry_after_seconds: RETRY_SECONDS },
      });
    }
  }

  /** How many jobs wait or run. */
  #active(): number {
    return this.list().filter((core) => !isFinished(core)).length;
  }

  /** Starts what may start: in order of arrival, but a job that needs no transaction does not wait for one. */
  #startReady(): void {
    for (const id of this.#ready) {
      const entry = this.#jobs.get(id);
      if (this.#stopped || this.#running.size >= this.#options.limits.maxConcurrent) return;
      if (!entry) continue;
      const running = [...this.#running.values()].map(({ job }) => job);
      if (needsTransaction(entry.request) && running.some((job) => needsTransaction(job.request))) continue;
      this.#ready = this.#ready.filter((other) => other !== id);
      this.#start(id, entry);
    }
  }

  #start(id: string, entry: JournalEntry): void {
    const { clock } = this.#options;
    const job = new RunningJob({
      ...entry,
      clock,
      events: this.events,
      journal: this.#journal,
      changed: (core) => {
        if (this.#jobs.has(id)) this.#jobs.set(id, { ...entry, core });
      },
      unwritten: this.#noteJournalFault,
    });
    const done = this.#work(job).finally(() => {
      this.#running.delete(id);
      this.#startReady();
    });
    this.#running.set(id, { job, done });
  }

  async #work(job: RunningJob): Promise<void> {
    const { clock, detached, execute, limits, logger } = this.#options;
    await runJob(job, {
      clock,
      logger,
      journal: this.#journal,
      execute,
      timeoutMinutes: limits.timeoutMinutes,
      detached,
      isStopping: () => this.#stopped,
      unwritten: this.#noteJournalFault,
    });
    await this.#prune().catch(this.#noteJournalFault);
  }

  async #prune(): Promise<void> {
    const { clock, limits, mayForget } = this.#options;
    // Seen from the beginning of time nothing is too old.
    const outdated = outdatedJobs(this.list(), limits, mayForget?.() === false ? 0 : clock.now());
    for (const id of outdated) {
      if (this.#running.has(id)) continue;
      this.#jobs.delete(id);
      await this.#journal.remove(id);
    }
  }

  readonly #noteJournalFault = (error: unknown): void => {
    this.#journalFault = messageOf(error);
    this.#options.logger.error('job journal cannot be written', { folder: this.#journal.folder, error });
  };
}
