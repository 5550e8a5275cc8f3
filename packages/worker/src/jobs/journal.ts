import { join } from 'node:path';
import { compareText, Job, messageOf } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
import { z } from 'zod';
import { type JobText, NO_TEXT } from './job-output.ts';
import { JobRequest } from './job-request.ts';
import { NamedRequest } from './named-request.ts';
import type { JobCore } from './state.ts';

const StoredJob = z.object({
  format: z.literal(1),
  request: JobRequest,
  named: NamedRequest.optional(),
  job: Job,
});

/** A job as the journal knows it. */
export interface JournalEntry {
  readonly core: JobCore;
  readonly request: JobRequest;
  /** Absent where its caller gave it no name. */
  readonly named?: NamedRequest | undefined;
}

/** Largest part of a log file that is read back. */
const LOG_LIMIT_BYTES = 1024 * 1024;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * One JSON file per job, written durably, and beside it a log that grows while the job runs, so that output
 * survives a crash. Only the agent's own user may read them: output can hold what packages print.
 */
export class JobJournal {
  /** Where it lies. */
  readonly folder: string;
  readonly #files: Files;
  readonly #logger: Logger;
  /** Writes of one job follow each other, so an older state never overwrites a newer one. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(options: { readonly folder: string; readonly files: Files; readonly logger: Logger }) {
    this.folder = options.folder;
    this.#files = options.files;
    this.#logger = options.logger;
  }

  /** All stored jobs, oldest first. A file that cannot be read is set aside as `<name>.corrupt` and reported. */
  async load(): Promise<JournalEntry[]> {
    await this.#files.makeFolder(this.folder, FOLDER_MODE);
    const { entries, unreadable } = await this.look();
    for (const { path, error } of unreadable) await this.#setAside(path, error);
    return entries;
  }

  /** The same for who only looks: nothing is changed, and there need be no such folder. */
  async look(): Promise<{
    readonly entries: JournalEntry[];
    readonly unreadable: readonly { readonly path: string; readonly error: unknown }[];
  }> {
    const entries: JournalEntry[] = [];
    const unreadable: { path: string; error: unknown }[] = [];
    for (const name of await this.#files.list(this.folder, { missingOk: true })) {
      if (!name.endsWith('.json')) continue;
      const path = join(this.folder, name);
      try {
        const { request, named, job } = await this.#read(path);
        if (name !== `${job.job_id}.json`) throw new Error(`it holds job ${job.job_id}`);
        entries.push({ core: coreOf(job), request, named });
      } catch (error) {
        unreadable.push({ path, error });
      }
    }
    entries.sort((a, b) => compareText(a.core.created_at, b.core.created_at));
    return { entries, unreadable };
  }

  /** One of them with what it had printed when it was written; undefined when there is none. @throws when it cannot be read */
  async find(id: string): Promise<Job | undefined> {
    const path = this.#path(id, 'json');
    return (await this.#files.facts(path)) ? (await this.#read(path)).job : undefined;
  }

  /** Writes a job's state; resolves when it would survive a power cut. */
  save({ core, request, named }: JournalEntry, text: JobText): Promise<void> {
    const id = core.job_id;
    const data = JSON.stringify({ format: 1, request, named, job: { ...core, ...text } });
    return this.#inOrder(id, () =>
      this.#files.writeDurably({ path: this.#path(id, 'json'), data, mode: FILE_MODE }),
    );
  }

  /** Adds lines to a job's log. A full disk loses them, not the job. */
  appendLog(id: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const write = this.#inOrder(id, () =>
      this.#files.append(this.#path(id, 'log'), `${lines.join('\n')}\n`, { mode: FILE_MODE, sync: false }),
    );
    write.catch((error: unknown) => {
      this.#logger.warn('job log cannot be written', { job_id: id, error });
    });
  }

  /** Whether a job is on record, after every write begun so far. */
  async has(id: string): Promise<boolean> {
    await this.#last.get(id)?.catch(() => {});
    return (await this.#files.facts(this.#path(id, 'json'))) !== undefined;
  }

  /** What a job has printed; what is not there any more is empty. */
  async readText(id: string): Promise<JobText> {
    await this.#last.get(id)?.catch(() => {});
    const path = this.#path(id, 'json');
    if (!(await this.#files.facts(path))) return NO_TEXT;
    const { job } = await this.#read(path);
    return {
      logs: job.logs,
      output: job.output,
      command_stdout: job.command_stdout,
      command_stderr: job.command_stderr,
    };
  }

  /** The lines that a job had logged when the agent stopped. */
  async readLog(id: string): Promise<string[]> {
    const text = await this.#files.readTextLimited(this.#path(id, 'log'), LOG_LIMIT_BYTES);
    return (text ?? '').split('\n').filter((line) => line !== '');
  }

  async remove(id: string): Promise<void> {
    await this.#inOrder(id, async () => {
      await this.#files.remove(this.#path(id, 'json'));
      await this.#files.remove(this.#path(id, 'log'));
    });
  }

  /** Resolves when every write begun so far has ended. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }

  async #inOrder(id: string, write: () => Promise<void>): Promise<void> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const mine = before.catch(() => {}).then(write);
    this.#last.set(id, mine);
    try {
      await mine;
    } finally {
      if (this.#last.get(id) === mine) this.#last.delete(id);
    }
  }

  async #read(path: string): Promise<z.infer<typeof StoredJob>> {
    return StoredJob.parse(JSON.parse((await this.#files.readText(path)) ?? ''));
  }

  async #setAside(path: string, cause: unknown): Promise<void> {
    const aside = `${path}.corrupt`;
    this.#logger.error('a stored job cannot be read and was set aside', {
      path,
      moved_to: aside,
      reason: messageOf(cause),
    });
    try {
      await this.#files.rename(path, aside);
    } catch (error) {
      this.#logger.error('a stored job could not be set aside', { path, error });
    }
  }

  #path(id: string, extension: 'json' | 'log'): string {
    return join(this.folder, `${id}.${extension}`);
  }
}

function coreOf(job: Job): JobCore {
  const { logs: _logs, output: _output, command_stdout: _out, command_stderr: _err, ...core } = job;
  return core;
}
