import { PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { PackageDoors } from '../../doors.ts';
import { rpmEnvironment } from '../../rpm/database.ts';
import { rootArguments } from '../private-root.ts';
import { DNF5 } from '../program.ts';

export const CACHE = 'var/cache/libdnf5';

const LIMIT_MS = 180_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Whoever has set this answers for people; here nobody is asked, and what asks gets the answer that is on the command line. */
const NOBODY_ASKED = ['--setopt=assumeyes=0', '--setopt=assumeno=0'];

/** Arguments that every command of dnf 5 begins with: its root, and where it looks. */
export function baseArguments(root: string): string[] {
  return [
    ...rootArguments(root, { cache: CACHE, plugins: 'etc/dnf/libdnf5-plugins' }),
    '--color=never',
    ...NOBODY_ASKED,
  ];
}

/**
 * Of a question: what is here counts, whoever works meanwhile, and no log is written. A question takes no lock: dnf 5 would
 * wait without an end for an administrator who has not yet said yes.
 */
const ONLY_READS = ['-C', '--skip-file-locks', `--setopt=logdir=/${CACHE}`];
/** How dnf 5 refuses an option that it does not have. */
const NO_LOCKS = /^Unknown argument "--skip-file-locks"/m;

export type ReadDnf = (args: readonly string[], signal: AbortSignal | undefined) => Promise<CommandResult>;

/** Runs dnf 5 so that it only reads, however it ends. @throws PatchError when it was stopped or took too long */
export function readerOf({ commands, root }: Pick<PackageDoors, 'commands' | 'root'>): ReadDnf {
  const run = async (args: readonly string[], signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    const result = await commands.run({
      program: DNF5,
      args: [...baseArguments(root), ...args],
      env: rpmEnvironment(root),
      timeoutMs: LIMIT_MS,
      maxOutputBytes: MOST_BYTES,
      ...(signal ? { signal } : {}),
    });
    signal?.throwIfAborted();
    if (result.timedOut) throw new PatchError('TIMEOUT', `dnf5 ${args.join(' ')} did not answer in time.`);
    return result;
  };
  return async (args, signal) => {
    const result = await run([...ONLY_READS, ...args], signal);
    // A dnf 5 that is older than the locks it would wait for.
    if (!NO_LOCKS.test(result.stderr)) return result;
    return run([...ONLY_READS.filter((one) => one !== '--skip-file-locks'), ...args], signal);
  };
}

/** What dnf 5 printed. @throws PatchError `PKG_MANAGER_ERROR` with its last words when it failed */
export function outputOf(what: string, { exitCode, stdout, stderr }: CommandResult): string {
  if (exitCode === 0) return stdout;
  const words = stderr
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join(' ');
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `dnf5 (${what}) failed (exit ${exitCode}): ${words.slice(0, 1_000)}`,
  );
}
