import { join } from 'node:path';
import { PlanStep } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';

/** More than any change touches. */
const MOST_STEPS = 200_000;

/**
 * How a process does its job, as the agent tells it; on disk before the process starts. What the job is, it takes from
 * nobody but the worker.
 */
export const RunTerms = z.strictObject({
  v: z.literal(1),
  /** `package_manager.require_all_sources`. */
  requireAllSources: z.boolean(),
  /** After so long the programs of the job are ended. */
  timeoutMs: z.number().int().positive(),
  /** Why the clock cannot be believed, on which the policy of the host may depend; absent: it is believed. */
  clockFault: z.string().max(4_096).optional(),
  /** The steps of the plan that was approved, to say what is different; absent where nobody knows them any more. */
  approved: z.array(z.strictObject(PlanStep.shape)).max(MOST_STEPS).optional(),
});
export type RunTerms = z.infer<typeof RunTerms>;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Where the process of a job leaves what it says, and finds what it is told. */
export function runFolder(jobsFolder: string, jobId: string): string {
  return join(jobsFolder, 'run', jobId);
}

const termsFile = (folder: string): string => join(folder, 'terms.json');
const cancelFile = (folder: string): string => join(folder, 'cancel');

/** Written before the process starts; an earlier cancellation is none of this one. */
export async function writeTerms(files: Files, folder: string, terms: RunTerms): Promise<void> {
  await files.makeFolder(folder, FOLDER_MODE);
  await files.remove(cancelFile(folder));
  await files.writeDurably({ path: termsFile(folder), data: JSON.stringify(terms), mode: FILE_MODE });
}

/** @throws Error when there is none, or none that can be read */
export async function readTerms(files: Files, folder: string): Promise<RunTerms> {
  return RunTerms.parse(JSON.parse((await files.readText(termsFile(folder))) ?? ''));
}

/** Tells the process that its job is cancelled; it sees that within a second. */
export function writeCancel(files: Files, folder: string): Promise<void> {
  return files.writeDurably({ path: cancelFile(folder), data: '', mode: FILE_MODE });
}

export async function isCancelled(files: Files, folder: string): Promise<boolean> {
  return (await files.facts(cancelFile(folder))) !== undefined;
}
