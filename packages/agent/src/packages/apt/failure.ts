import { type ErrorCode, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';

/** dpkg names a full disk only in the middle of its output; apt's own last word is then about dpkg. */
const DISK_FULL = /you don't have enough free space|no space left on device/i;

/** apt's words, and what they mean; the first that fits counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  // Before LOCKED: without the right to open the lock file apt complains about the lock, too.
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

/** Errors of apt and dpkg, and the reasons that apt gives for dependencies that do not fit. */
const ERROR_LINE =
  /^(E:|Err:|dpkg: error|dpkg: dependency|\S.* : (Pre-?Depends|Depends|Breaks|Conflicts): )|^(Depends|Breaks|Conflicts): .* but /;

/** Lines in which apt and dpkg say what is wrong. */
export function tellingLines(text: string): string[] {
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

/** The failure of a finished apt or dpkg run, with apt's own words and what to do. */
export function aptFailure(what: string, result: CommandResult): PatchError {
  const text = `${result.stderr}\n${result.stdout}`;
  const telling = tellingLines(text);
  const code = result.timedOut ? 'TIMEOUT' : classify(text);
  const ended = result.timedOut ? 'ran out of time' : `failed (exit ${result.exitCode ?? result.signal})`;
  const advice = ADVICE[code];
  return new PatchError(code, `${what} ${ended}: ${telling.join(' ')}${advice ? ` ${advice}` : ''}`, {
    details: { exit_code: result.exitCode },
  });
}
