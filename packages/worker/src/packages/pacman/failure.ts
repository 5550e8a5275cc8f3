import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { ToolFailure } from '../adapter.ts';
import { ownLines } from './output.ts';

/** pacman's own words and what they mean, in the order in which they count. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/unless you are root|permission denied/i, 'PERMISSION_DENIED'],
  [/too full|not enough free disk space|no space left/i, 'DISK_FULL'],
  [/unable to lock database/i, 'LOCKED'],
  [
    /missing required signature|signature from .* is |pgp signature|keyring is not writable|required key missing/i,
    'GPG_ERROR',
  ],
  [/target not found/i, 'PKG_NOT_FOUND'],
  [
    /could not satisfy dependencies|conflicting dependencies|conflicting files|unresolvable package conflicts|HoldPkg/i,
    'DEPENDENCY_CONFLICT',
  ],
  [
    /failed retrieving file|failed to retrieve some files|no servers configured|download library error/i,
    'NETWORK_ERROR',
  ],
  [/invalid or corrupted|failed to synchronize/i, 'PKG_MANAGER_ERROR'],
];

const WORDS_LIMIT = 12;
/** A rolling distribution takes the files of older versions away. */
const GONE =
  'Where a mirror no longer has the file, apply all updates first: repositories keep only the newest version.';

/** Words that say what is wrong: its errors, and the messages that explain them. */
function wordsOf(result: Pick<CommandResult, 'stdout' | 'stderr'>): string[] {
  const lines = [...ownLines(result), ...result.stderr.split('\n')];
  return lines.filter(
    (line) =>
      line.startsWith('error: ') ||
      /^:: .*(?:breaks dependency|unable to satisfy|in conflict|is corrupted)/.test(line) ||
      /^\S+: \/.* exists in filesystem/.test(line),
  );
}

/** Why a run of pacman 6 or 7 failed. */
export function readFailure(result: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>): ToolFailure {
  const lines = wordsOf(result);
  const text = lines.join('\n');
  const code = MEANINGS.find(([pattern]) => pattern.test(text))?.[1] ?? 'PKG_MANAGER_ERROR';
  const words = lines.map((line) => line.trim()).slice(0, WORDS_LIMIT);
  const isWhole = /^:: Starting full system upgrade/m.test(result.stdout);
  return { code, words: code === 'NETWORK_ERROR' && !isWhole ? [...words, GONE] : words };
}

/** Whether pacman found the lock taken; it then did nothing. */
export function isLockedOut(result: Pick<CommandResult, 'stdout' | 'stderr'>): boolean {
  const first = [...ownLines(result), ...result.stderr.split('\n')].find((line) =>
    line.startsWith('error: '),
  );
  return first !== undefined && /unable to lock database/.test(first);
}
