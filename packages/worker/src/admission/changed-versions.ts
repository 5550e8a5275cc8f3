import { join } from 'node:path';
import { type JobResult, lazily, PatchError } from '@linux-patch/contract';
import { type Files, findOpenPlace } from '@linux-patch/runtime';
import { z } from 'zod';
import { RollbackTarget, targetsOf } from '../package-interface/recorded-changes.ts';
import { keepNewest } from './keep-newest.ts';

/** Jobs whose changes can be taken back. */
const MOST_RECORDS = 500;
/** More than any change touches. */
const MOST_TARGETS = 200_000;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

const Stored = lazily(() =>
  z.strictObject({ v: z.literal(1), targets: z.array(RollbackTarget).max(MOST_TARGETS) }),
);

/** What jobs changed, as the worker saw it: nobody else writes it, so that nobody else says what a rollback does. */
export interface ChangedVersions {
  /** It survives a power cut when this resolves. */
  note(job: string, results: readonly JobResult[]): Promise<void>;
  /**
   * What takes the changes of a job back; never empty.
   * @throws PatchError `JOB_NOT_FOUND`, `JOB_CONFLICT`; `SERVICE_UNHEALTHY` for a file that cannot be read, or that others can change
   */
  find(job: string): Promise<readonly RollbackTarget[]>;
}

/** @param own folder of the worker */
export function openChangedVersions(files: Files, own: string): ChangedVersions {
  const folder = join(own, 'changed');
  const fileOf = (job: string): string => join(folder, `${job}.json`);
  return {
    async note(job, results) {
      await files.makeFolder(folder, FOLDER_MODE);
      const stored: z.input<typeof Stored> = { v: 1, targets: targetsOf(results) };
      await files.writeDurably({ path: fileOf(job), data: JSON.stringify(stored), mode: FILE_MODE });
      await keepNewest(files, folder, MOST_RECORDS);
    },
    async find(job) {
      const targets = await readTargets(files, fileOf(job));
      if (!targets) throw notOnRecord(job);
      if (targets.length === 0) throw nothingChanged(job);
      return targets;
    },
  };
}

async function readTargets(files: Files, path: string): Promise<readonly RollbackTarget[] | undefined> {
  const [open] = await findOpenPlace({ files, path });
  if (open !== undefined)
    throw new PatchError('SERVICE_UNHEALTHY', `${open}; nothing is rolled back by what is in it.`);
  const text = await files.readText(path);
  if (text === undefined) return undefined;
  try {
    return Stored.parse(JSON.parse(text)).targets;
  } catch (cause) {
    throw new PatchError('SERVICE_UNHEALTHY', `${path} cannot be read, so its job cannot be rolled back.`, {
      cause,
    });
  }
}

function notOnRecord(job: string): PatchError {
  return new PatchError(
    'JOB_NOT_FOUND',
    `This host has no record of what job ${job} changed: it keeps that of the last ${MOST_RECORDS} jobs, and has kept it since release 1.3.0. Nothing was changed.`,
    { details: { job_id: job } },
  );
}

function nothingChanged(job: string): PatchError {
  return new PatchError(
    'JOB_CONFLICT',
    `Job ${job} left every package at the version that it had, so there is nothing to roll back.`,
    { details: { job_id: job } },
  );
}
