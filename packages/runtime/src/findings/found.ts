import type { DoctorFinding, FindingSeverity } from '@linux-patch/contract';
import { shellWord } from '../shell-word.ts';
import type { CheckTraits } from './traits.ts';

/** Something that was found, before it is put into words. */
export interface Found<Code extends string> {
  readonly code: Code;
  /** What was seen. Never a token, a host code, a key or a password. */
  readonly detail: string;
  /** Fills the braces of the command, beside what is known everywhere. */
  readonly words?: Readonly<Record<string, string | number>>;
  /** The same, of what is a command already. */
  readonly commands?: Readonly<Record<string, string>>;
  /** When it is less bad here than it usually is. */
  readonly severity?: FindingSeverity;
  /** Mends it; absent where `--fix` cannot. */
  readonly repair?: () => Promise<void>;
}

/** The states that a doctor knows. Of two that are equally bad the first is told first: the other may be its consequence. */
export type CheckTable<Code extends string> = Readonly<Record<Code, CheckTraits>>;

const RANK: Readonly<Record<FindingSeverity, number>> = { error: 0, warning: 1, notice: 2 };

/** Each once, worst first, and causes before what follows from them. */
export function sortFound<Code extends string>(
  table: CheckTable<Code>,
  found: readonly Found<Code>[],
): Found<Code>[] {
  const codes = Object.keys(table);
  const once = new Map(found.map((one) => [`${one.code} ${one.detail}`, one]));
  const rank = (one: Found<Code>): number => RANK[one.severity ?? table[one.code].severity];
  return [...once.values()].toSorted(
    (a, b) => rank(a) - rank(b) || codes.indexOf(a.code) - codes.indexOf(b.code),
  );
}

/** What fills the braces of every command. */
export interface KnownWords {
  /** Commands already: they are taken as they are, also where a finding gives another one. */
  readonly commands: Readonly<Record<string, string>>;
  /** Paths, names and the like: each becomes one word of the shell. */
  readonly words: Readonly<Record<string, string>>;
}

/** Puts into words what was found. */
export function describeFound<Code extends string>(
  table: CheckTable<Code>,
  found: Found<Code>,
  { commands, words }: KnownWords,
): DoctorFinding {
  const { theme, severity, title, meaning, command } = table[found.code];
  const filled = command.replaceAll(/\{(\w+)\}/g, (braces, name: string) => {
    const whole = found.commands?.[name];
    if (whole !== undefined) return whole;
    const word = found.words?.[name] ?? commands[name] ?? words[name];
    if (word === undefined) return braces;
    return Object.hasOwn(commands, name) ? String(word) : shellWord(String(word));
  });
  return {
    code: found.code,
    severity: found.severity ?? severity,
    theme,
    title,
    detail: found.detail,
    meaning,
    command: filled,
    repairable: found.repair !== undefined,
  };
}

/** For people; `fix` is what mends it without them, where there is such a thing. */
export function renderFinding(finding: DoctorFinding, fix?: string): string[] {
  return [
    `${finding.code}  ${finding.severity}: ${finding.title}`,
    `    ${finding.detail.replaceAll('\n', '\n    ')}`,
    `    ${finding.meaning}`,
    `    Mend: ${finding.command}${finding.repairable && fix ? `   (or: ${fix})` : ''}`,
    '',
  ];
}
