import { messageOf, PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import {
  type HistoryLimits,
  isFinished,
  type JobCore,
  type JobJournal,
  type JournalEntry,
  keyConflict,
  type NamedRequest,
  NO_TEXT,
  outdatedJobs,
} from '@linux-patch/worker';

/** The jobs of this host, in memory and on disk. */
export class KnownJobs {
  readonly #journal: JobJournal;
  readonly #logger: Logger;
  /** Oldest first. */
  readonly #jobs = new Map<string, JournalEntry>();
  /** Being written for the first time. */
  readonly #accepting = new Map<string, Promise<void>>();
  #fault: string | undefined;

  constructor(journal: JobJournal, logger: Logger) {
    this.#journal = journal;
    this.#logger = logger;
  }

  /** Why the last write failed; undefined when it did not. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Takes note of a write that failed. */
  readonly unwritten = (error: unknown): void => {
    this.#fault = messageOf(error);
    this.#logger.error('job journal cannot be written', { folder: this.#journal.folder, error });
  };

  /** What earlier runs left, oldest first. */
  async load(): Promise<readonly JournalEntry[]> {
    const entries = await this.#journal.load();
    for (const entry of entries) this.#jobs.set(entry.core.job_id, entry);
    return entries;
  }

  /** Newest first. */
  list(): readonly JobCore[] {
    return [...this.#jobs.values()].map((entry) => entry.core).reverse();
  }

  /** How many wait or run. */
  active(): number {
    return this.list().filter((core) => !isFinished(core)).length;
  }

  find(id: string): JournalEntry | undefined {
    return this.#jobs.get(id);
  }

  /** @throws PatchError `JOB_NOT_FOUND` */
  get(id: string): JournalEntry {
    const entry = this.#jobs.get(id);
    if (entry) return entry;
    throw new PatchError('JOB_NOT_FOUND', `No job has the id ${id}.`, { details: { job_id: id } });
  }

  /** What an `Idempotency-Key` names; undefined when it names nothing. */
  findKey(key: string): JournalEntry | undefined {
    return this.#jobs.values().find(({ named }) => named?.key === key);
  }

  /**
   * The job that a request of this name became; undefined when there was none.
   * @throws PatchError `IDEMPOTENCY_CONFLICT` when the key belongs to another request
   */
  findNamed({ key, digest }: NamedRequest): JournalEntry | undefined {
    const entry = this.findKey(key);
    if (entry && entry.named?.digest !== digest) throw keyConflict(entry.core.job_id);
    return entry;
  }

  /**
   * A job that its caller asked for once more; it is on disk when this resolves.
   * @throws PatchError what `accept` threw when it is not on disk after all
   */
  async repeated({ core }: JournalEntry): Promise<JobCore> {
    await this.#accepting.get(core.job_id);
    this.#logger.info('a request was repeated; it is the job that it was before', {
      job_id: core.job_id,
      operation: core.operation,
    });
    return core;
  }

  /**
   * Takes a new one, which counts at once.
   * @throws PatchError `SERVICE_UNHEALTHY` when it cannot be written; then there is no such job
   */
  async accept(entry: JournalEntry): Promise<void> {
    const { job_id: id } = entry.core;
    this.#jobs.set(id, entry);
    const writing = this.#write(entry);
    this.#accepting.set(id, writing);
    await writing.finally(() => this.#accepting.delete(id));
  }

  /** What has become of one; whoever removed it meanwhile is right. */
  change(entry: JournalEntry): void {
    const { job_id: id } = entry.core;
    if (this.#jobs.has(id)) this.#jobs.set(id, entry);
  }

  async remove(id: string): Promise<void> {
    this.#jobs.delete(id);
    await this.#journal.remove(id);
  }

  /** Removes what is too old or too much, but nothing that runs. */
  async prune(limits: HistoryLimits, nowMs: number, isRunning: (id: string) => boolean): Promise<void> {
    for (const id of outdatedJobs(this.list(), limits, nowMs)) if (!isRunning(id)) await this.remove(id);
  }

  async #write(entry: JournalEntry): Promise<void> {
    try {
      await this.#journal.save(entry, NO_TEXT);
    } catch (cause) {
      this.#jobs.delete(entry.core.job_id);
      this.unwritten(cause);
      throw new PatchError(
        'SERVICE_UNHEALTHY',
        `The job was not accepted because it could not be written to disk (${messageOf(cause)}). Free space or mend the folder ${this.#journal.folder}.`,
        { cause },
      );
    }
    this.#fault = undefined;
  }
}
