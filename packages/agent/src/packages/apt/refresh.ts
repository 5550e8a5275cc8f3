import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { OperationRun, SourceFailure } from '../package-operations.ts';
import type { AptContext } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { waitForLock } from './lock.ts';
import { NEUTRAL_OPTIONS } from './neutral-options.ts';
import { lineReader, refuseStopped, SCRIPT_ENVIRONMENT } from './run-tool.ts';
import { SILENCE_LIMIT_MS, SilenceWatch } from './silence-watch.ts';
import { parseUpdate } from './source-failures.ts';

/**
 * Refreshes the lists of every source. A source that fails keeps its old lists; the others are fresh all the same.
 * @returns the sources that failed.
 * @throws PatchError when none could be refreshed, or for a reason that is not one source's.
 */
export async function refreshLists(
  context: AptContext,
  run: OperationRun,
): Promise<readonly SourceFailure[]> {
  await waitForLock(context, { ...run, onWaiting: run.onWaitingForLock });
  using silence = new SilenceWatch(context, run.signal);
  const passOn = lineReader(run);
  const result = await context.commands.run({
    program: 'apt-get',
    args: [...NEUTRAL_OPTIONS, '-o', 'APT::Update::Error-Mode=any', '-o', 'APT::Status-Fd=3', 'update'],
    env: SCRIPT_ENVIRONMENT,
    timeoutMs: run.timeoutMs,
    signal: silence.signal,
    statusPipe: true,
    onLine: (line, source) => {
      silence.heard(line);
      passOn(line, source);
    },
  });
  if (silence.tooLong) throw silentFailure(result);
  refuseStopped(result, run);
  return failedSources(result);
}

function failedSources(result: CommandResult): readonly SourceFailure[] {
  if (result.timedOut) throw aptFailure('apt-get update', result);
  const { failed, healthy, unknown } = parseUpdate(result.stdout, result.stderr);
  if (result.exitCode === 0 && failed.length === 0) return [];
  const fatal = failed.find((one) => one.code === 'DISK_FULL');
  if (unknown.length > 0 || failed.length === 0) throw aptFailure('apt-get update', result);
  if (healthy.length > 0 && !fatal) return failed;
  throw allFailed(failed, fatal ?? failed.find((one) => one.code === 'GPG_ERROR') ?? failed[0], result);
}

function allFailed(
  failed: readonly SourceFailure[],
  first: SourceFailure | undefined,
  { exitCode }: CommandResult,
): PatchError {
  const text = failed.map((one) => `${one.source}: ${one.reason}`).join(' ');
  return new PatchError(first?.code ?? 'CACHE_REFRESH_ERROR', `No source could be refreshed. ${text}`, {
    details: { exit_code: exitCode },
  });
}

function silentFailure({ exitCode }: CommandResult): PatchError {
  return new PatchError(
    'NETWORK_ERROR',
    `apt-get update was ended because nothing had moved for ${SILENCE_LIMIT_MS / 1_000} s. Check the network, the proxy and the sources.`,
    { details: { exit_code: exitCode } },
  );
}
