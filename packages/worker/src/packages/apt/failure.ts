import { type ErrorCode, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { ToolFailure } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { toolFailure } from '../tool-failure.ts';

/** dpkg names a full disk only in the middle of its output; apt's own last word is then about dpkg. */
const DISK_FULL = /you don't have enough free space|no space left on device/i;

/** apt's words, and what they mean; the first that fits counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  // dpkg's words, which apt-mark follows with a guess of its own.
  [/(?:is|was) locked by another process/i, 'LOCKED'],
  // Before the rest of LOCKED: without the right to open the lock file apt complains about the lock, too.
  [/permission denied|are you root/i, 'PERMISSION_DENIED'],
  [
    /could not get lock|unable to acquire the dpkg frontend lock|is another process using it|unable to lock/i,
    'LOCKED',
  ],
  [
    /BADSIG|NO_PUBKEY|EXPKEYSIG|is not signed|signatures couldn't be verified|GPG error|OpenPGP signature|\/(gpgv|sqv) returned an error|invalid signature|unauthenticated packages/i,
    'GPG_ERROR',
  ],
  [
    /unable to locate package|no packages found matching|couldn't find any package|has no installation candidate/i,
    'PKG_NOT_FOUND',
  ],
  [/version '.*' for '.*' was not found/i, 'VERSION_NOT_AVAILABLE'],
  [
    /unmet dependencies|held broken packages|conflicts|held packages were changed|packages were downgraded|remove is disabled|unable to correct problems/i,
    'DEPENDENCY_CONFLICT',
  ],
  [
    /sub-process .*dpkg.* returned an error code|installed .* (pre|post)[a-z-]+ .*script|subprocess .*script/i,
    'SCRIPT_FAILED',
  ],
  [
    /failed to fetch|unable to fetch|could not resolve|could not connect|connection (refused|timed out)|temporary failure|404\s+not found|file not found|no such file or directory/i,
    'NETWORK_ERROR',
  ],
];

/** Errors of apt and dpkg, and the reasons that apt gives for dependencies that do not fit. */
const ERROR_LINE =
  /^(E:|Err:|dpkg: error|dpkg: dependency|\S.* : (Pre-?Depends|Depends|Breaks|Conflicts): )|^(Depends|Breaks|Conflicts): .* but /;

/** Lines in which apt and dpkg say what is wrong. */
function tellingLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => ERROR_LINE.test(line));
  return errors.length > 0 ? errors : lines.filter((line) => line !== '').slice(-3);
}

/**
 * The code for what a failed run printed. What apt and dpkg say themselves counts more than the rest, in which scripts
 * of packages may have said anything.
 */
export function classify(text: string): ErrorCode {
  if (DISK_FULL.test(text)) return 'DISK_FULL';
  for (const part of [tellingLines(text).join('\n'), text]) {
    const meaning = MEANINGS.find(([pattern]) => pattern.test(part));
    if (meaning) return meaning[1];
  }
  return 'PKG_MANAGER_ERROR';
}

/** Why a run of apt or dpkg failed. */
export function readFailure({ stderr, stdout }: Pick<CommandResult, 'stderr' | 'stdout'>): ToolFailure {
  const text = `${stderr}\n${stdout}`;
  return { code: classify(text), words: tellingLines(text) };
}

/** apt and dpkg look for the lock before they say anything; what scripts say of locks comes after their words. */
export function isLockedOut(result: Pick<CommandResult, 'stderr' | 'stdout'>): boolean {
  return result.stdout.trim() === '' && readFailure(result).code === 'LOCKED';
}

/** The failure of a finished run of apt or dpkg. */
export function aptFailure(what: string, result: CommandResult): PatchError {
  return toolFailure(what, result, readFailure(result));
}

/**
 * What a program of apt or dpkg answers that only reads.
 * @param what for messages: the program and what it is asked
 * @throws PatchError when it fails
 */
export async function ask(
  doors: PackageDoors,
  what: string,
  tool: Parameters<typeof query>[1],
): Promise<string> {
  const result = await query(doors, tool);
  if (result.exitCode === 0) return result.stdout;
  throw aptFailure(what, result);
}

/** A program printed something else than it was asked for; whoever reads fewer lines than there are would lose packages. */
export function notUnderstood(what: string, line: string): PatchError {
  const message = `${what} printed a line that is not understood: "${line.slice(0, 120)}"`;
  return new PatchError('PKG_MANAGER_ERROR', message);
}
