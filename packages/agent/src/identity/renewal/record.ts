import { join } from 'node:path';
import { lazily } from '@linux-patch/contract';
import { type Files, readState, writeState } from '@linux-patch/runtime';
import { z } from 'zod';

/** What `status` and the next start know about the renewal; kept beside the agent's other state. */
export const RenewalRecord = lazily(() =>
  z.object({
    v: z.literal(1),
    /** The certificate that these notes are about. */
    serial: z.string(),
    due_at: z.iso.datetime(),
    next_attempt_at: z.iso.datetime(),
    last_attempt_at: z.iso.datetime().nullable(),
    last_error: z.string().nullable(),
    failures: z.int().nonnegative(),
    /** The manager says that another machine holds this certificate as well. */
    forked: z.boolean().optional(),
  }),
);
export type RenewalRecord = z.infer<typeof RenewalRecord>;

function renewalRecordPath(dataFolder: string): string {
  return join(dataFolder, 'state/renewal.json');
}

/** What was noted; undefined when nothing was, or nothing that can be read. */
export async function readRenewalRecord(
  files: Files,
  dataFolder: string,
): Promise<RenewalRecord | undefined> {
  return readState(files, renewalRecordPath(dataFolder), RenewalRecord).catch(() => undefined);
}

/** @throws the system's error */
export async function writeRenewalRecord(
  files: Files,
  dataFolder: string,
  record: RenewalRecord,
): Promise<void> {
  await writeState(files, renewalRecordPath(dataFolder), record);
}
