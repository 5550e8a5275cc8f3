import { join } from 'node:path';
import { HOUR_MS, isPatchError } from '@linux-patch/contract';
import type { Clock, Files, Logger, OutputSource } from '@linux-patch/runtime';
import { type DetachedService, OutlivingProgram } from '@linux-patch/worker';

/** The process keeps the limit of its job itself. */
const LIMIT_MS = 8 * 24 * HOUR_MS;

/** Processes of jobs that the agent of a release before this one has started: it did that itself, in its own folder. */
export interface EarlierRuns {
  isThere(job: string): Promise<boolean>;
  /** Follows one to its end. @throws the reason of `signal` */
  follow(job: string, watch: EarlierWatch): Promise<void>;
  /** Removes what is left of one. */
  forget(job: string): Promise<void>;
}

interface EarlierWatch {
  /** Stops the following; the process goes on. */
  readonly signal: AbortSignal;
  /** Stops the job, unless it is the agent that stops. */
  readonly stop: AbortSignal;
  readonly onLine: (line: string, source: OutputSource) => void;
  readonly isEnough: () => boolean;
}

/** @param options.folder `jobs.storage_path` */
export function openEarlierRuns(options: {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly folder: string;
  readonly service: DetachedService;
}): EarlierRuns {
  const { files, logger } = options;
  const folderOf = (job: string): string => join(options.folder, 'run', job);
  const programOf = (job: string) =>
    new OutlivingProgram(options, { name: `linux-patch-run-${job}`, folder: folderOf(job) });
  const cancel = async (job: string): Promise<void> => {
    try {
      await files.writeDurably({ path: join(folderOf(job), 'cancel'), data: '', mode: 0o600 });
    } catch (error) {
      logger.warn('a job could not be told that it is cancelled', { job_id: job, error });
    }
  };
  return {
    isThere: async (job) =>
      (await files.facts(folderOf(job))) !== undefined && (await programOf(job).canBeFollowed()),
    async follow(job, { signal, stop, onLine, isEnough }) {
      const tell = (): void => {
        if (!isPatchError(stop.reason, 'INTERRUPTED')) void cancel(job);
      };
      stop.addEventListener('abort', tell, { once: true });
      if (stop.aborted) tell();
      try {
        await programOf(job).follow({ signal, onLine, timeoutMs: LIMIT_MS });
      } finally {
        stop.removeEventListener('abort', tell);
      }
      // The worker goes on with what it had begun.
      if (!isEnough()) await files.remove(folderOf(job));
    },
    async forget(job) {
      await files.remove(folderOf(job));
      await files.remove(join(options.folder, 'work', job));
    },
  };
}
