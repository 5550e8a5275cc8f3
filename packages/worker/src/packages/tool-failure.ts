import { type ErrorCode, isPatchError, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { OperationRun } from '../package-interface/package-operations.ts';
import type { ToolFailure } from './adapter.ts';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  LOCKED: 'Another package manager is running; the job can be repeated when it is done.',
  DISK_FULL: 'Make room on the disk and repeat the job.',
  GPG_ERROR:
    "A repository's signature is missing or wrong; nothing from it is installed. Check the key and whether the repository is yours.",
  NETWORK_ERROR:
    'A repository could not be reached or lacks a file; check the network, the proxy and the sources.',
  SCRIPT_FAILED:
    "A package's own script failed; its packages may be half configured and are repaired before the next job.",
  PERMISSION_DENIED: 'The agent has to run as root to change packages.',
  DEPENDENCY_CONFLICT: 'The packages do not fit together as asked.',
};

/** The failure of a finished run, with the program's own words and what to do. */
export function toolFailure(what: string, result: CommandResult, failure: ToolFailure): PatchError {
  const code = result.timedOut ? 'TIMEOUT' : failure.code;
  const ended = result.timedOut ? 'ran out of time' : `failed (exit ${result.exitCode ?? result.signal})`;
  const advice = ADVICE[code];
  return new PatchError(code, `${what} ${ended}: ${failure.words.join(' ')}${advice ? ` ${advice}` : ''}`, {
    details: { exit_code: result.exitCode },
  });
}

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
