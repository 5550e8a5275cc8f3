import { type ErrorCode, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';

/** apt's words, and what they mean; the first that fits counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [
    /could not get lock|unable to acquire the dpkg frontend lock|is another process using it|unable to lock/i,
    'LOCKED',
  ],
  [/don't have enough free space|no space left on device/i, 'DISK_FULL'],
  [
    /BADSIG|NO_PUBKEY|EXPKEYSIG|is not signed|signatures couldn't be verified|GPG error|invalid signature/i,
    'GPG_ERROR',
  ],
  [
    /unable to locate package|no packages found matching|couldn't find any package|has no installation candidate/i,
    'PKG_NOT_FOUND',
  ],
  [/version '.*' for '.*' was not found/i, 'VERSION_NOT_AVAILABLE'],
  [
    /unmet dependencies|held broken packages|conflicts|held packages were changed|packages were downgraded|unable to correct problems/i,
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
  [/permission denied|are you root/i, 'PERMISSION_DENIED'],
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
  DEPENDENCY_CONFLICT: 'The packages do not fit together as asked.',
};

/** Lines in which apt and dpkg say what is wrong. */
function tellingLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /^(E:|Err:|dpkg: error|dpkg: dependency)/.test(line));
  return errors.length > 0 ? errors : lines.filter((line) => line !== '').slice(-3);
}

/** The code for what a failed run printed. */
export function classify(text: string): ErrorCode {
  return MEANINGS.find(([pattern]) => pattern.test(text))?.[1] ?? 'PKG_MANAGER_ERROR';
}

/** The failure of a finished apt or dpkg run, with apt's own words and what to do. */
export function aptFailure(what: string, result: CommandResult): PatchError {
  const text = `${result.stderr}\n${result.stdout}`;
  const telling = tellingLines(text);
  const code = result.timedOut ? 'TIMEOUT' : classify([...telling, text].join('\n'));
  const ended = result.timedOut ? 'ran out of time' : `failed (exit ${result.exitCode ?? result.signal})`;
  const advice = ADVICE[code];
  return new PatchError(code, `${what} ${ended}: ${telling.join(' ')}${advice ? ` ${advice}` : ''}`, {
    details: { exit_code: result.exitCode },
  });
}
