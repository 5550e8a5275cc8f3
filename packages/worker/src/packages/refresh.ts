import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type {
  OperationRun,
  RefreshedSources,
  SourceFailure,
} from '../package-interface/package-operations.ts';
import type { PackageAdapter } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import { waitForLock } from './locks.ts';
import { lineReader } from './runner.ts';
import { SILENCE_LIMIT_MS, SilenceWatch } from './silence-watch.ts';
import { withoutPassword } from './source-address.ts';
import { refuseStopped, toolFailure } from './tool-failure.ts';

/**
 * Refreshes the lists of every source. A source that fails keeps its old lists; the others are fresh all the same.
 * @throws PatchError when none could be refreshed, or for a reason that is not one source's.
 */
export async function refreshLists(host: PackageHost, run: OperationRun): Promise<RefreshedSources> {
  const { what, ...tool } = host.adapter.refreshing.tool;
  await waitForLock(host, run);
  await host.adapter.refreshing.prepare?.();
  using silence = new SilenceWatch(host, run.signal);
  const passOn = lineReader(host.adapter, run);
  const result = await host.commands.run({
    ...tool,
    timeoutMs: run.timeoutMs,
    signal: silence.signal,
    statusPipe: true,
    onLine: (line, source) => {
      silence.heard(line);
      passOn(line, source);
    },
  });
  if (silence.tooLong) throw silentFailure(what, result);
  refuseStopped(result, run);
  return readReport(host.adapter, result);
}

function readReport({ refreshing, output }: PackageAdapter, result: CommandResult): RefreshedSources {
  const wholeFailure = () => toolFailure(refreshing.tool.what, result, output.failure(result));
  if (result.timedOut) throw wholeFailure();
  const { healthy, unknown, ...report } = refreshing.report(result);
  // Programs repeat addresses as they are configured.
  const failed = report.failed.map((one) => ({ ...one, reason: withoutPassword(one.reason) }));
  if (result.exitCode === 0 && failed.length === 0) return { failed, healthy };
  const fatal = failed.find((one) => one.code === 'DISK_FULL');
  if (unknown.length > 0 || failed.length === 0) throw wholeFailure();
  if (healthy.length > 0 && !fatal) return { failed, healthy };
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

function silentFailure(what: string, { exitCode }: CommandResult): PatchError {
  return new PatchError(
    'NETWORK_ERROR',
    `${what} was ended because nothing had moved for ${SILENCE_LIMIT_MS / 1_000} s. Check the network, the proxy and the sources.`,
    { details: { exit_code: exitCode } },
  );
}
