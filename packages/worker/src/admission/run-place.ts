import { join } from 'node:path';
import { lazily } from '@linux-patch/contract';
import { type Files, readState } from '@linux-patch/runtime';
import { z } from 'zod';
import { JobRequest } from '../jobs/job-request.ts';

/** Of those above it, the worker's own lets only the agent's group in. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o600;
/** For the agent's group. */
const SHOWN_MODE = 0o640;

/** Where the processes of jobs leave what they say, and find what they are told. @param own folder of the worker */
export function runFolder(own: string, jobId: string): string {
  return join(runsFolder(own), jobId);
}

/** Of all jobs. @param own folder of the worker */
export function runsFolder(own: string): string {
  return join(own, 'run');
}

/** Another file than before when root's own command has had a job begun. @param own folder of the worker */
export function rootsMark(own: string): string {
  return join(own, 'last-of-root');
}

/** A job that root's own command asked for, of which an agent knows nothing yet. */
export const RootsJob = lazily(() =>
  z.strictObject({ v: z.literal(1), job: z.uuid(), request: JobRequest, acceptedAtMs: z.number() }),
);
export type RootsJob = z.infer<typeof RootsJob>;

/** A job of root, and whether an agent has on record how it ended. */
export interface FoundRootsJob extends RootsJob {
  readonly isRecorded: boolean;
}

/**
 * The last jobs that root's own command had begun, the oldest first.
 * @param onFault told of each that cannot be read
 */
export async function listRootsJobs(
  files: Files,
  own: string,
  onFault: (path: string, error: unknown) => void,
): Promise<FoundRootsJob[]> {
  const found: FoundRootsJob[] = [];
  for (const id of await files.list(runsFolder(own), { missingOk: true })) {
    try {
      const job = await readRootsJob(files, own, id);
      if (job) found.push({ ...job, isRecorded: await openRunPlace(files, own, id).isRecorded() });
    } catch (error) {
      onFault(runFolder(own, id), error);
    }
  }
  return found.toSorted((one, other) => one.acceptedAtMs - other.acceptedAtMs);
}

/** Undefined for a job of somebody else. @throws for a file that cannot be read */
export async function readRootsJob(files: Files, own: string, jobId: string): Promise<RootsJob | undefined> {
  return readState(files, join(runFolder(own, jobId), ROOTS), RootsJob);
}

const ROOTS = 'asked-by-root.json';

/** What a process of a job is told, and shows, beside what it says. Only the worker writes here. */
export interface RunPlace {
  readonly folder: string;
  /** From now on the job has begun. */
  begin(): Promise<void>;
  hasBegun(): Promise<boolean>;
  /** Shows a job of root to whoever keeps the record of jobs. */
  showRoots(job: RootsJob): Promise<void>;
  isRoots(): Promise<boolean>;
  /** @param leave whether whoever cancels may cut off a package manager at its work */
  cancel(leave: boolean): Promise<void>;
  /** Whether that was said, and by whom. */
  cancelled(): Promise<'always' | 'while_waiting' | undefined>;
  /** The process waits, or reads what the sources offer: nothing is cut off when it ends. */
  noteWaiting(waits: boolean): Promise<void>;
  waits(): Promise<boolean>;
  /** Whoever follows has on record how the job ended. */
  noteRecorded(): Promise<void>;
  isRecorded(): Promise<boolean>;
  forget(): Promise<void>;
}

/** @param own folder of the worker */
export function openRunPlace(files: Files, own: string, jobId: string): RunPlace {
  const folder = runFolder(own, jobId);
  const at = (name: string): string => join(folder, name);
  const isThere = async (path: string): Promise<boolean> => (await files.facts(path)) !== undefined;
  const put = (name: string) => files.writeDurably({ path: at(name), data: '', mode: FILE_MODE });
  return {
    folder,
    begin: () => files.makeFolder(folder, FOLDER_MODE),
    hasBegun: () => isThere(folder),
    async showRoots(job) {
      await files.writeDurably({ path: at(ROOTS), data: JSON.stringify(job), mode: SHOWN_MODE });
      await files.writeDurably({ path: rootsMark(own), data: jobId, mode: SHOWN_MODE });
    },
    isRoots: () => isThere(at(ROOTS)),
    cancel: (leave) => put(leave ? 'cancel' : 'cancel-while-waiting'),
    async cancelled() {
      if (await isThere(at('cancel'))) return 'always';
      return (await isThere(at('cancel-while-waiting'))) ? 'while_waiting' : undefined;
    },
    noteWaiting: (waits) =>
      waits ? files.append(at('waiting'), '', { mode: FILE_MODE, sync: false }) : files.remove(at('waiting')),
    waits: () => isThere(at('waiting')),
    noteRecorded: () => put('recorded'),
    isRecorded: async () => !(await isThere(folder)) || (await isThere(at('recorded'))),
    forget: () => files.remove(folder),
  };
}
