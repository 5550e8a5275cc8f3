import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { ToolFailure } from '../adapter.ts';

/** How dnf ends when somebody else has the lock and it was told not to wait. */
const LOCKED_EXIT = 200;

/** dnf's own words and what they mean, in the order in which they count. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/superuser privileges|permission denied/i, 'PERMISSION_DENIED'],
  [/more space (?:needed )?on the|no space left|disk requirements/i, 'DISK_FULL'],
  [/already locked by|waiting for process/i, 'LOCKED'],
  [
    /is not signed|gpg check failed|openpgp check for package|signature verification|signing key not found|public key .*not installed|bad gpg/i,
    'GPG_ERROR',
  ],
  [
    /no match for argument|unable to find a match|no package .* available|no packages to remove for/i,
    'PKG_NOT_FOUND',
  ],
  [/cannot find rpm nevra/i, 'VERSION_NOT_AVAILABLE'],
  [
    /^ *problem(?: \d+)?: |conflicting requests|file .* conflicts with|protected packages/im,
    'DEPENDENCY_CONFLICT',
  ],
  [/^(?:non-critical )?error in %?\w+ scriptlet/im, 'SCRIPT_FAILED'],
  [/curl error|status code|all mirrors were tried|usable url not found/i, 'NETWORK_ERROR'],
];

/** Lines that dnf prints on standard error though nothing is wrong. */
const NOISE =
  /^(?:Failed loading plugin|Importing GPG key| (?:Userid|Fingerprint|From) +:|Operation aborted\.|\[?SKIPPED\]?)/;
/** Words of dnf that it prints on standard output. */
const SAID = /^(?:No match for argument: .*|No package .* available\.?)$/;
const WORDS_LIMIT = 12;

/** Whether dnf found the lock taken; it then did nothing. */
export function isLockedOut({ exitCode }: Pick<CommandResult, 'exitCode'>): boolean {
  return exitCode === LOCKED_EXIT;
}

/** What dnf's words on a failure mean. */
export function meaningOf(words: string): ErrorCode {
  return MEANINGS.find(([pattern]) => pattern.test(words))?.[1] ?? 'PKG_MANAGER_ERROR';
}

/** Why a run of dnf 4 failed. Scripts of packages print on its standard output, so that hardly anything there counts. */
export function readFailure({
  exitCode,
  stderr,
  stdout,
}: Pick<CommandResult, 'exitCode' | 'stderr' | 'stdout'>): ToolFailure {
  const errors = stderr.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  const lines = [...stdout.split('\n').filter((line) => SAID.test(line)), ...errors];
  const text = lines.join('\n');
  const words = lines.map((line) => line.trim()).slice(0, WORDS_LIMIT);
  if (/no such command: versionlock/i.test(text))
    words.push('The versionlock plugin of dnf is not installed: dnf install python3-dnf-plugin-versionlock.');
  return { code: exitCode === LOCKED_EXIT ? 'LOCKED' : meaningOf(text), words };
}
