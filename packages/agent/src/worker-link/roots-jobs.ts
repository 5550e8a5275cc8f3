import { type Clock, type Files, followFile, type Logger } from '@linux-patch/runtime';
import { listRootsJobs, type RootsJob, rootsMark, workerFolder } from '@linux-patch/worker';

export interface FollowRootsJobsOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly root: string;
  /** Puts a job on record that is under way or over. */
  readonly takeIn: (job: RootsJob) => Promise<void>;
}

/** Finds what root's own command had begun, also while no agent ran, and has it put on record. */
export function followRootsJobs({
  files,
  clock,
  logger,
  root,
  takeIn,
}: FollowRootsJobsOptions): AsyncDisposable {
  const own = workerFolder(root);
  const look = async (): Promise<void> => {
    const found = await listRootsJobs(files, own, (path, error) =>
      logger.warn('a job that root has asked for cannot be read', { path, error }),
    );
    for (const job of found) if (!job.isRecorded) await takeIn(job);
  };
  let looking = Promise.resolve();
  const lookAgain = (): void => {
    looking = looking.then(look).catch((error: unknown) => {
      logger.error('jobs that root has asked for cannot be put on record', { error });
    });
  };
  lookAgain();
  const following = followFile({ files, clock, path: rootsMark(own), logger, changed: lookAgain });
  return {
    async [Symbol.asyncDispose]() {
      await following[Symbol.asyncDispose]();
      await looking;
    },
  };
}
