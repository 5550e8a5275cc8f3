import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { PackageDoors } from '../doors.ts';
import { messagesOf, readFailure } from './failure.ts';
import { ZYPPER, zypperArguments, zypperEnvironment } from './private-root.ts';
import { isUndamaged, parseXml, type XmlElement } from './xml.ts';

/** A question takes less than a second; with every repository of a large distribution, on a slow host, some more. */
const LIMIT_MS = 180_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** How zypper ends that has an answer: 100 to 103 say beside it that patches or a reboot wait (zypper(8), exit codes). */
const ANSWERED: readonly number[] = [0, 100, 101, 102, 103];
/** Repositories were left out. */
const SKIPPED = 106;

/** What zypper answered. */
export interface ZypperAnswer {
  readonly exitCode: number;
  readonly answer: XmlElement;
}

/**
 * Asks zypper without refreshing anything, and without its lock, for which others would wait.
 * @param options.accept other exit codes that are an answer
 * @throws PatchError when zypper cannot say, or would say less than there is because a repository was left out
 */
export async function askZypper(
  { commands, root }: Pick<PackageDoors, 'commands' | 'root'>,
  args: readonly string[],
  {
    accept = [],
    signal,
  }: { readonly accept?: readonly number[]; readonly signal?: AbortSignal | undefined } = {},
): Promise<ZypperAnswer> {
  signal?.throwIfAborted();
  const result = await commands.run({
    program: ZYPPER,
    args: [...zypperArguments(root), '--no-refresh', ...args],
    env: { ...zypperEnvironment(root), ZYPP_READONLY_HACK: '1' },
    timeoutMs: LIMIT_MS,
    maxOutputBytes: MOST_BYTES,
    ...(signal ? { signal } : {}),
  });
  signal?.throwIfAborted();
  return readAnswer(`zypper ${args[0] ?? ''}`, result, accept);
}

/** @throws PatchError for an end that is no answer, and for a part of one */
export function readAnswer(
  what: string,
  result: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr' | 'timedOut'>,
  accept: readonly number[] = [],
): ZypperAnswer {
  const { exitCode, stdout, timedOut } = result;
  if (timedOut) throw new PatchError('TIMEOUT', `${what} did not answer in time.`);
  const answer = parseXml(stdout);
  if (exitCode === SKIPPED) throw skippedError(what, answer);
  if (exitCode === null || ![...ANSWERED, ...accept].includes(exitCode)) {
    const { code, words } = readFailure(result);
    throw new PatchError(code, `${what} failed (exit ${exitCode}): ${words.join(' ')}`);
  }
  if (!isUndamaged(stdout))
    throw new PatchError('PKG_MANAGER_ERROR', `${what} gave an answer that is damaged, or not whole.`);
  return { exitCode, answer };
}

function skippedError(what: string, answer: XmlElement): PatchError {
  const words = messagesOf(answer, ['error', 'warning']).join(' ').slice(0, 1_000);
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `${what} left repositories out, so that its answer is less than there is: ${words} Ask for a refresh, or disable what is not wanted (zypper modifyrepo --disable).`,
  );
}
