import { isPatchError, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { OperationRun } from './package-operations.ts';

/** @throws the reason for which the run was stopped, when it was. */
export function refuseStopped(
  result: Pick<CommandResult, 'aborted'>,
  { signal }: Pick<OperationRun, 'signal'>,
): void {
  if (!result.aborted) return;
  const reason: unknown = signal.reason;
  if (isPatchError(reason)) throw reason;
  throw new PatchError(
    'CANCELLED',
    'The job was stopped; interrupted packages are repaired before the next job.',
  );
}
