import { type Job, type JobDeleted, PatchError } from '@linux-patch/contract';
import { type Clock, type Logger, type Random, within } from '@linux-patch/runtime';
import {
  createJob,
  type Executor,
  type HistoryLimits,
  isExclusive,
  isFinished,
  type JobCore,
  type JobJournal,
  type JobRequest,
  type JournalEntry,
  type NamedRequest,
  NO_TEXT,
  needsTransaction,
  type OutlivingWork,
  type RootsJob,
  RunningJob,
  runJob,
  takeUp,
  transition,
} from '@linux-patch/worker';
import { JobEvents } from './events.ts';
import { KnownJobs } from './known-jobs.ts';
import { rollbackOf } from './rollback-of.ts';

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
    readonly timeoutMs: number;
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
   * Takes a job in that root's own command has had begun, and follows it; nothing where it is on record. However full the
   * queue is: it is under way.
   * @throws PatchError `SERVICE_UNHEALTHY`
   */
  takeIn(begun: RootsJob): Promise<void>;
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
  readonly #known: KnownJobs;
  /** Accepted and written, waiting for their turn. */
  #ready: string[] = [];
  readonly #running = new Map<string, { readonly job: RunningJob; readonly done: Promise<void> }>();
  #stopped = false;

  constructor(options: JobQueueOptions) {
    this.#options = options;
    this.#journal = options.journal;
    this.#known = new KnownJobs(options.journal, options.logger);
    this.events = new JobEvents(options.clock.now());
  }

  async open(): Promise<void> {
    for (const entry of await this.#known.load()) {
      if (entry.core.status === 'queued') this.#ready.push(entry.core.job_id);
      if (entry.core.status === 'running') await this.#takeUp(entry);
    }
    await this.#prune().catch(this.#known.unwritten);
    this.#startReady();
  }

  async submit(request: JobRequest, from: SubmittedAs = {}): Promise<JobCore> {
    const { named, signedBy } = from;
    // Nothing is awaited before it is accepted, so that two requests of one instant cannot share the last place, or one name.
    const earlier = named && this.#known.findNamed(named);
    if (earlier) return this.#known.repeated(earlier);
    this.#refuseWhenClosed();
    const { clock, random } = this.#options;
    const id = from.id ?? random.uuid();
    const core = createJob({ id, request, nowMs: clock.now(), signedBy });
    await this.#known.accept({ core, request, named });
    this.events.publish(core, clock.now());
    // It may have been cancelled while it was written.
    if (this.find(id)?.status === 'queued') this.#ready.push(id);
    this.#startReady();
    return core;
  }

  async takeIn({ job: id, request, acceptedAtMs: nowMs }: RootsJob): Promise<void> {
    if (this.find(id)) return;
    const core = createJob({ id, request, nowMs, byRoot: true });
    await this.#known.accept({ core, request });
    this.#options.logger.info('root of this host has asked for a job with a command of its own', {
      job_id: id,
      operation: request.operation,
    });
    this.events.publish(core, this.#options.clock.now());
    this.#ready.unshift(id);
    this.#startReady();
  }

  async findNamed(named: NamedRequest): Promise<JobCore | undefined> {
    const entry = this.#known.findNamed(named);
    return entry && this.#known.repeated(entry);
  }

  findKey(key: string): { readonly job: string; readonly digest: string } | undefined {
    const entry = this.#known.findKey(key);
    return entry?.named && { job: entry.core.job_id, digest: entry.named.digest };
  }

  list(): readonly JobCore[] {
    return this.#known.list();
  }

  find(id: string): JobCore | undefined {
    return this.#known.find(id)?.core;
  }

  async get(id: string): Promise<Job> {
    const { core } = this.#known.get(id);
    const live = this.#running.get(id)?.job;
    const text = live ? live.text() : await this.#journal.readText(id);
    return {
      ...(live?.core ?? core),
      rolled_back_by: rollbackOf(id, this.#known.list().toReversed()),
      ...text,
    };
  }

  async cancelOrDelete(id: string): Promise<JobDeleted> {
    const entry = this.#known.get(id);
    const { core } = entry;
    const answer = { job_id: id, previous_status: core.status };
    const running = this.#running.get(id);
    if (running && !isFinished(core)) {
      running.job.stop(new PatchError('CANCELLED', 'The job was cancelled while it was running.'));
      return { ...answer, current_status: core.status, action: 'cancelling' };
    }
    if (core.status === 'queued') {
      const message = 'The job was cancelled before it started.';
      const nowMs = this.#options.clock.now();
      const cancelled = transition(core, { type: 'fail', code: 'CANCELLED', message }, nowMs);
      this.#ready = this.#ready.filter((other) => other !== id);
      this.#known.change({ ...entry, core: cancelled });
      this.events.publish(cancelled, nowMs);
      await this.#journal.save({ ...entry, core: cancelled }, NO_TEXT);
      return { ...answer, current_status: cancelled.status, action: 'cancelled' };
    }
    await this.#known.remove(id);
    return { ...answer, current_status: 'deleted', action: 'deleted' };
  }

  health(): string {
    const { fault } = this.#known;
    if (fault !== undefined) return `jobs cannot be written to disk: ${fault}`;
    const active = this.#known.active();
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
    await within(this.#options.clock, STOP_LIMIT_MS, Promise.all(running.map(({ done }) => done)));
    if (!this.#options.detached)
      await Promise.all(running.map(({ job }) => job.fail(reason).catch(this.#known.unwritten)));
    await this.#journal.settle();
  }

  async #takeUp(entry: JournalEntry): Promise<void> {
    const { clock, detached, logger } = this.#options;
    const { unwritten } = this.#known;
    const ended = await takeUp(entry, { clock, logger, journal: this.#journal, detached, unwritten });
    if (ended) this.#known.change(ended);
    else this.#ready.unshift(entry.core.job_id);
  }

  #refuseWhenClosed(): void {
    if (this.#stopped) throw new PatchError('SERVICE_UNHEALTHY', 'The agent is stopping.');
    const active = this.#known.active();
    if (active >= this.#options.limits.maxQueueDepth) {
      throw new PatchError('QUEUE_FULL', `${active} jobs are waiting or running already.`, {
        details: { retry_after_seconds: RETRY_SECONDS },
      });
    }
  }

  /**
   * Starts what may start: in order of arrival, but a job that needs no transaction does not wait for one. One that is
   * exclusive waits until nothing runs, and until it has ended nothing else begins.
   */
  #startReady(): void {
    for (const id of this.#ready) {
      const entry = this.#known.find(id);
      if (this.#stopped || this.#running.size >= this.#options.limits.maxConcurrent) return;
      if (!entry) continue;
      const running = [...this.#running.values()].map(({ job }) => job);
      if (running.some((job) => isExclusive(job.request))) return;
      if (isExclusive(entry.request) && running.length > 0) return;
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
      changed: (core) => this.#known.change({ ...entry, core }),
      unwritten: this.#known.unwritten,
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
      timeoutMs: limits.timeoutMs,
      detached,
      isStopping: () => this.#stopped,
      unwritten: this.#known.unwritten,
    });
    await this.#prune().catch(this.#known.unwritten);
  }

  async #prune(): Promise<void> {
    const { clock, limits, mayForget } = this.#options;
    // Seen from the beginning of time nothing is too old.
    const nowMs = mayForget?.() === false ? 0 : clock.now();
    await this.#known.prune(limits, nowMs, (id) => this.#running.has(id));
  }
}
