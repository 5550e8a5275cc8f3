import type { ErrorCode } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { Refusal, Simulation } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { aptFailure, classify } from './failure.ts';
import { aptTool } from './neutral-options.ts';
import { parseSimulation } from './simulate.ts';

/** A question takes a second or two; on a slow host with many packages more. */
const QUESTION_LIMIT_MS = 180_000;

/** Questions about changes: what apt answers to `-y`, without lock and without effect. */
const QUESTION_OPTIONS = ['-o', 'Debug::NoLocking=true', '-o', 'APT::Get::Show-Versions=true', '-y', '-s'];

/** What is about the packages; anything else is about the host or its configuration. */
const REFUSALS: readonly ErrorCode[] = ['DEPENDENCY_CONFLICT', 'PKG_NOT_FOUND', 'VERSION_NOT_AVAILABLE'];

interface Question {
  /** Arguments from the options on: command, `--`, targets. */
  readonly args: readonly string[];
  /** Packages that no trusted source has; apt says so only when it is about to download. */
  readonly untrusted: ReadonlySet<string>;
  /** The architecture of the host's own packages. */
  readonly native: string;
  readonly signal: AbortSignal;
}

/**
 * What apt would do unattended, or why it would not.
 * @throws PatchError when apt was stopped or cannot say.
 */
export async function simulateChange(
  doors: PackageDoors,
  { args, untrusted, native, signal }: Question,
): Promise<Simulation> {
  signal.throwIfAborted();
  const result = await doors.commands.run({
    ...aptTool('apt-get', [...QUESTION_OPTIONS, ...args]),
    timeoutMs: QUESTION_LIMIT_MS,
    maxOutputBytes: 64 * 1024 * 1024,
    signal,
  });
  signal.throwIfAborted();
  if (result.exitCode !== 0) {
    const code = classify(`${result.stderr}\n${result.stdout}`);
    if (result.timedOut || !REFUSALS.includes(code)) throw aptFailure('apt-get -s install', result);
    return { refusal: readRefusal(result) };
  }
  const packages = parseSimulation(result.stdout, native);
  const found = packages.flatMap(({ name, architecture, version }) => {
    const id = [native, 'all'].includes(architecture) ? name : `${name}:${architecture}`;
    return version !== null && untrusted.has(id) ? [`${id} ${version}`] : [];
  });
  if (found.length === 0) return { refusal: undefined, packages };
  const names = found.join(', ');
  return {
    refusal: { code: 'GPG_ERROR', why: 'untrusted', reason: `no source that apt trusts has ${names}` },
  };
}

const REMOVED = /will be REMOVED:$/;

/** Headings of lists in apt's output, for what it then refuses to do. */
const HEADINGS: readonly (readonly [heading: RegExp, error: RegExp, reason: (names: string) => string])[] = [
  [REMOVED, /remove is disabled/, (names) => `${names} would have to be removed`],
  [
    /held packages will be changed:$/,
    /Held packages were changed/,
    (names) => `${names} would change, which is held`,
  ],
  [/will be DOWNGRADED:$/, /Packages were downgraded/, (names) => `${names} would get an older version`],
  [
    /essential packages will be removed/i,
    /Essential packages/,
    (names) => `${names} is essential and would be removed`,
  ],
];
const UNMET = /^ *(\S+ : )?((?:Pre-?Depends|Depends|Breaks|Conflicts|Recommends): .*)$/;
/** Reasons that one clause names. */
const REASON_LIMIT = 3;

/** What apt 2.6 and 3.0 (with its internal solver) say about a change that they refuse. */
export function readRefusal({ stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): Refusal {
  const code = 'DEPENDENCY_CONFLICT';
  const lines = stdout.split('\n');
  for (const [heading, error, reason] of HEADINGS) {
    const at = lines.findIndex((line) => heading.test(line));
    if (at < 0 || !error.test(stderr)) continue;
    const names = listed(lines.slice(at + 1));
    const removals = heading === REMOVED ? { removals: names } : {};
    return { code, why: 'refused', reason: reason(nameSome(names)), ...removals };
  }
  return { code, why: 'unsatisfiable', reason: unmetReason(lines, stderr) };
}

function unmetReason(lines: readonly string[], stderr: string): string {
  const unmet = lines.flatMap((line) => {
    const [, owner = '', what] = UNMET.exec(line) ?? [];
    return what === undefined ? [] : [`${owner}${what}`.trim()];
  });
  if (unmet.length > 0) return unmet.slice(0, REASON_LIMIT).join(', ');
  const errors = stderr.split('\n').filter((line) => line.startsWith('E: '));
  return errors.map((line) => line.slice('E: '.length)).join(' ') || 'apt gives no reason';
}

/** Names that one clause holds. */
const NAME_LIMIT = 10;

function nameSome(names: readonly string[]): string {
  const more = names.length > NAME_LIMIT ? ` and ${names.length - NAME_LIMIT} more` : '';
  return `${names.slice(0, NAME_LIMIT).join(', ')}${more}`;
}

/** Names of a list as `-V` prints it, up to the next heading. */
export function listed(lines: readonly string[]): string[] {
  const end = lines.findIndex((line) => !line.startsWith('  '));
  const names = lines.slice(0, end < 0 ? undefined : end).flatMap((line) => {
    // `   name (1.0 => 1.1)`, and without versions several names in a line.
    const [, name] = /^ {3}(\S+) \(/.exec(line) ?? [];
    return name === undefined ? line.trim().split(/\s+/) : [name];
  });
  return names.filter((name) => name !== '');
}
