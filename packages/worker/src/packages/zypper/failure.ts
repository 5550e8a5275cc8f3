import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { ToolFailure } from '../adapter.ts';
import { elementsOf, parseXml, type XmlElement } from './xml.ts';

/** How zypper ends when somebody else has its lock; it then did nothing (zypper(8), exit codes). */
const LOCKED_EXIT = 7;

/** What its other ends mean, in its own terms. */
const EXITS: ReadonlyMap<number, { readonly code: ErrorCode; readonly words: string }> = new Map([
  [5, { code: 'PERMISSION_DENIED', words: 'zypper has to run as root.' }],
  [6, { code: 'SERVICE_UNHEALTHY', words: 'This host has no enabled repository (zypper repos).' }],
  [LOCKED_EXIT, { code: 'LOCKED', words: '' }],
  [102, { code: 'PKG_MANAGER_ERROR', words: 'Everything was done; the host has to be rebooted (102).' }],
  [103, { code: 'PKG_MANAGER_ERROR', words: 'zypper itself was updated; other updates may wait (103).' }],
  [104, { code: 'PKG_NOT_FOUND', words: '' }],
  [105, { code: 'PKG_MANAGER_ERROR', words: 'zypper was stopped by a signal (105).' }],
  [106, { code: 'PKG_MANAGER_ERROR', words: 'Repositories were left out (106).' }],
  [107, { code: 'SCRIPT_FAILED', words: 'The script of a package failed (107).' }],
]);

/** zypper's own words and what they mean, in the order in which they count. */
const MEANINGS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/root privileges are required|permission denied/i, 'PERMISSION_DENIED'],
  [
    /no space left|not enough (?:free )?(?:disk )?space|needs \d+\w* (?:more )?(?:space )?on the/i,
    'DISK_FULL',
  ],
  [/is locked by the application/i, 'LOCKED'],
  [/signature verification failed|is signed with an unknown key|is not signed|is unsigned/i, 'GPG_ERROR'],
  [/scriptlet failed|lua script failed/i, 'SCRIPT_FAILED'],
  [
    /^problem(?: \d+)?: |problem: \d+: |conflicting requests|detected \d+ file conflict/im,
    'DEPENDENCY_CONFLICT',
  ],
  [/no provider of |not found in package names/i, 'PKG_NOT_FOUND'],
  [/\(curl\) error|connection failed|problem retrieving files|is not a directory/i, 'NETWORK_ERROR'],
];

/** What zypper offers, and its hints to people at a terminal, tell nothing of what is wrong. */
const NOISE = /^(?:Solution \d+:|Please see the above|Abort, retry|Choose from above|Close this application)/;
const WORDS_LIMIT = 12;
const LINE_CHARACTERS = 500;

/** Texts of messages of these kinds, each in one line. */
export function messagesOf(answer: XmlElement, kinds: readonly string[]): string[] {
  return elementsOf(answer, 'message')
    .filter((one) => kinds.includes(one.attributes.get('type') ?? ''))
    .map((one) => one.text.trim().replaceAll(/\s*\n\s*/g, ' '));
}

/** Problems that the solver found, without the solutions that it offers. */
export function problemsOf(answer: XmlElement): string[] {
  return elementsOf(answer, 'prompt')
    .flatMap((one) => elementsOf(one, 'description'))
    .flatMap(({ text }) => text.split('\n').filter((line) => /^problem\b/i.test(line.trim())))
    .map((line) => line.trim().replace(/^Problem(?:: \d+)?: /, ''));
}

/** Files that two packages have with different content, each as a clause. */
export function fileConflictsOf(answer: XmlElement): string[] {
  return elementsOf(answer, 'fileconflict').map((one) => {
    const [left, right] = ['lhs', 'rhs'].map((side) => one.children.find((each) => each.name === side));
    const text = (of: XmlElement | undefined, name: string) =>
      (of && elementsOf(of, name)[0]?.text.trim()) ?? '';
    return `${text(left, 'name')} and ${text(right, 'name')} both have the file ${text(left, 'file')}`;
  });
}

/** Whether zypper found its lock taken; it then did nothing. */
export function isLockedOut({ exitCode }: Pick<CommandResult, 'exitCode'>): boolean {
  return exitCode === LOCKED_EXIT;
}

/** Why a run failed. Only errors and problems count, because scripts of packages print among zypper's information. */
export function readFailure({
  exitCode,
  stdout,
  stderr,
}: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>): ToolFailure {
  const answer = parseXml(stdout);
  const problems = [...problemsOf(answer), ...fileConflictsOf(answer)];
  const said = [...problems, ...messagesOf(answer, ['error']), ...stderr.split('\n')]
    .map((line) => line.trim().slice(0, LINE_CHARACTERS))
    .filter((line) => line !== '' && !NOISE.test(line));
  const end = EXITS.get(exitCode ?? 0);
  const meant = MEANINGS.find(([pattern]) => pattern.test(said.join('\n')))?.[1];
  const own = problems.length > 0 ? 'DEPENDENCY_CONFLICT' : undefined;
  const words = [...(end?.words ? [end.words] : []), ...new Set(said)].slice(0, WORDS_LIMIT);
  return { code: end?.code ?? own ?? meant ?? 'PKG_MANAGER_ERROR', words };
}
