import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';

/** Of those above it, the worker's own lets only the agent's group in. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o600;

/** Where the processes of jobs leave what they say, and find what they are told. @param own folder of the worker */
export function runFolder(own: string, jobId: string): string {
  return join(own, 'run', jobId);
}

/** What a process of a job is told, and shows, beside what it says. Only the worker writes here. */
export interface RunPlace {
  readonly folder: string;
  /** From now on the job has begun. */
  begin(): Promise<void>;
  hasBegun(): Promise<boolean>;
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
