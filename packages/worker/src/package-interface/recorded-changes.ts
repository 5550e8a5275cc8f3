import { type JobResult, lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** What has to become of one package so that it is again as it was before a job. */
export const RollbackTarget = lazily(() =>
  z.strictObject({
    /** As results name it, perhaps with an architecture. */
    name: z.string().min(1).max(4_096),
    /** The version that it had; null where it was not there. */
    version: z.string().min(1).max(4_096).nullable(),
    /** What that is for a package which is as the job left it. */
    move: z.enum(['install', 'remove', 'upgrade', 'downgrade']),
    /** Whether the version that the job brought in mends a security fault; absent where nobody knows. */
    mended: z.object({ by: z.string().min(1).max(4_096), security: z.boolean() }).optional(),
  }),
);
export type RollbackTarget = z.infer<typeof RollbackTarget>;

/**
 * What takes back the changes of a job that has ended; never empty.
 * @throws PatchError `JOB_NOT_FOUND` when nothing is on record of it, `JOB_CONFLICT` when it has not ended or changed nothing
 */
export type RecordedChanges = (job: string) => Promise<readonly RollbackTarget[]>;

/** What takes these results back: whatever has another version than before, however its job ended. */
export function targetsOf(results: readonly JobResult[]): RollbackTarget[] {
  return results
    .filter((one) => one.version_before !== one.version_after)
    .map((one) => ({
      name: one.name,
      version: one.version_before,
      move: moveOf(one),
      ...(one.security === undefined || one.version_after === null
        ? {}
        : { mended: { by: one.version_after, security: one.security } }),
    }));
}

function moveOf({ action, version_before, version_after }: JobResult): RollbackTarget['move'] {
  if (version_before === null) return 'remove';
  if (version_after === null) return 'install';
  return action === 'downgraded' ? 'upgrade' : 'downgrade';
}
