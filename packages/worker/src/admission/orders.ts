import { join } from 'node:path';
import { type JobResult, lazily, messageOf, PatchError } from '@linux-patch/contract';
import { type Files, findOpenPlace } from '@linux-patch/runtime';
import { z } from 'zod';
import { JobRequest } from '../jobs/job-request.ts';
import { NamedRequest } from '../jobs/named-request.ts';
import type { RecordedChanges } from '../package-interface/recorded-changes.ts';
import { openChangedVersions } from './changed-versions.ts';
import { Uptime } from './uptime.ts';

/** Why a change counts. */
const Authority = lazily(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('signed'), key: z.string().max(64) }),
    /** No key was pinned then. */
    z.strictObject({ kind: z.literal('unsigned'), caller: z.enum(['network', 'local']) }),
    /** Root's own command asked for it on the host itself. */
    z.strictObject({ kind: z.literal('root') }),
    /** A release accepted it whose agent did that itself. */
    z.strictObject({
      kind: z.literal('earlier_release'),
      /** Whether it had begun to change packages, of which its own folder tells. */
      begun: z.boolean().default(false),
    }),
  ]),
);

/** A change that was accepted and has not ended. */
export const Order = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    job: z.uuid(),
    request: JobRequest,
    /** Absent where its caller gave it no name. */
    named: NamedRequest.optional(),
    by: Authority,
    acceptedAtMs: z.number(),
    /** Absent from what an earlier release had accepted. */
    acceptedAt: Uptime.optional(),
  }),
);
export type Order = z.infer<typeof Order>;

/** More than any queue takes. */
const MOST_ORDERS = 1_000;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** What the worker of a root keeps; nobody else writes there. */
export function workerFolder(root: string): string {
  return join(root, 'var/lib/linux_patch_worker');
}

/** What it has accepted. */
export function ordersFolder(root: string): string {
  return ordersIn(workerFolder(root));
}

/** What the jobs of a root are about to change, and by which it is judged later what became of that. */
export function workFolder(root: string): string {
  return workIn(workerFolder(root));
}

const ordersIn = (folder: string): string => join(folder, 'orders');
const workIn = (folder: string): string => join(folder, 'work');

/** Orders on disk, one file each. Only what is here is ever done, and it is gone when it has ended. */
export interface Orders {
  /**
   * Undefined when nothing of this name was accepted, or it has ended.
   * @throws PatchError `SERVICE_UNHEALTHY` for a file that cannot be read, or that others can change
   */
  find(job: string): Promise<Order | undefined>;
  findKey(key: string): Promise<Order | undefined>;
  /** The jobs that were accepted and have not ended. */
  list(): Promise<string[]>;
  /** It survives a power cut when this resolves. @throws PatchError `QUEUE_FULL`, `SERVICE_UNHEALTHY` */
  accept(order: Order): Promise<void>;
  /** It is never done again when this resolves, and what its job left is gone. */
  end(job: string): Promise<void>;
  /** Keeps what a job changed, so that it can be taken back; durable when it resolves. */
  noteChanges(job: string, results: readonly JobResult[]): Promise<void>;
  /** What takes a job back that has ended. */
  readonly recorded: RecordedChanges;
  /** Does work that nobody else does at the same time with these orders. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Keeps others from doing the same job for as long as this process lives; undefined when another does it. */
  hold(job: string): Promise<AsyncDisposable | undefined>;
  /**
   * Waits until no other process does a job that changes something, and keeps others from it.
   * @param onWait told once, which job that is, when there is one @throws the signal's reason
   */
  turn(
    job: string,
    signal: AbortSignal,
    onWait: (other: string | undefined) => void,
  ): Promise<AsyncDisposable>;
}

/** @param options.folder of the worker */
export function openOrders(options: { readonly files: Files; readonly folder: string }): Orders {
  const { files } = options;
  const folder = ordersIn(options.folder);
  const fileOf = (job: string): string => join(folder, `${job}.json`);
  const lockOf = (name: string): string => join(folder, `${name}.lock`);
  const begin = () => files.makeFolder(folder, FOLDER_MODE);
  const changed = openChangedVersions(files, options.folder);
  const accepted = async (): Promise<string[]> =>
    (await files.list(folder, { missingOk: true })).filter((name) => name.endsWith('.json'));
  return {
    find: (job) => readOrder(files, fileOf(job)),
    list: async () => (await accepted()).map((name) => name.slice(0, -'.json'.length)),
    async findKey(key) {
      for (const name of await accepted()) {
        const order = await readOrder(files, join(folder, name));
        if (order?.named?.key === key) return order;
      }
      return undefined;
    },
    async accept(order) {
      if ((await accepted()).length >= MOST_ORDERS) throw tooMany(folder);
      try {
        // A disk that is full by then takes no new file.
        await files.append(lockOf(order.job), '', { mode: FILE_MODE, sync: false });
        const data = JSON.stringify(order);
        await files.writeDurably({ path: fileOf(order.job), data, mode: FILE_MODE });
      } catch (cause) {
        await files.remove(lockOf(order.job)).catch(() => {});
        throw notWritten(folder, cause);
      }
    },
    async end(job) {
      if (await files.facts(fileOf(job))) {
        await files.remove(fileOf(job));
        await files.syncFolder(folder);
      }
      await files.remove(join(workIn(options.folder), job));
      await files.remove(lockOf(job));
    },
    noteChanges: (job, results) => changed.note(job, results),
    async recorded(job) {
      if (await files.facts(fileOf(job))) throw notEnded(job);
      return changed.find(job);
    },
    async alone(work) {
      await begin().catch((cause: unknown) => {
        throw notWritten(folder, cause);
      });
      await using _turn = await files.lock(lockOf('all'), { note: '', wait: new AbortController().signal });
      return await work();
    },
    async hold(job) {
      await begin();
      return files.lock(lockOf(job), { note: '' });
    },
    async turn(job, signal, onWait) {
      await begin();
      const atOnce = await files.lock(lockOf('turn'), { note: job });
      if (atOnce) return atOnce;
      onWait((await files.readText(lockOf('turn')).catch(() => undefined)) || undefined);
      const turn = await files.lock(lockOf('turn'), { note: job, wait: signal });
      if (turn) return turn;
      throw signal.reason;
    },
  };
}

async function readOrder(files: Files, path: string): Promise<Order | undefined> {
  const [open] = await findOpenPlace({ files, path });
  if (open !== undefined)
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `${open}; what is in it is not done. Remove it, and ask again.`,
    );
  const text = await files.readText(path);
  if (text === undefined) return undefined;
  try {
    return Order.parse(JSON.parse(text));
  } catch (cause) {
    throw new PatchError('SERVICE_UNHEALTHY', `${path} cannot be read. Remove it, and ask again.`, { cause });
  }
}

function notEnded(job: string): PatchError {
  return new PatchError(
    'JOB_CONFLICT',
    `Job ${job} has not ended; it can be rolled back when it has. Nothing was changed.`,
    { details: { job_id: job } },
  );
}

function notWritten(folder: string, cause: unknown): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `The job was not accepted because it could not be written to disk (${messageOf(cause)}). Free space or mend the folder ${folder}.`,
    { cause },
  );
}

function tooMany(folder: string): PatchError {
  return new PatchError(
    'QUEUE_FULL',
    `${MOST_ORDERS} changes were accepted and not done. If the queue of this host is empty, remove what is in ${folder}.`,
    { details: { retry_after_seconds: 60 } },
  );
}
