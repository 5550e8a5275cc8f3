import type { DoctorFinding, FindingSeverity } from '@linux-patch/contract';
import { DOCTOR_CHECKS, type DoctorCode } from './table.ts';
import type { CheckTraits } from './table-types.ts';

/** Something that was found, before it is put into words. */
export interface Finding {
  readonly code: DoctorCode;
  /** What was seen. Never a token, a host code, a key or a password. */
  readonly detail: string;
  /** Fills the braces of the command, beside what is known everywhere. */
  readonly words?: Readonly<Record<string, string | number>>;
  /** When it is less bad here than it usually is. */
  readonly severity?: FindingSeverity;
  /** Mends it; absent where `--fix` cannot. */
  readonly repair?: () => Promise<void>;
}

const RANK: Readonly<Record<FindingSeverity, number>> = { error: 0, warning: 1, notice: 2 };
const ORDER: ReadonlyMap<DoctorCode, number> = new Map(
  (Object.keys(DOCTOR_CHECKS) as DoctorCode[]).map((code, index) => [code, index]),
);

function severityOf(finding: Finding): FindingSeverity {
  return finding.severity ?? DOCTOR_CHECKS[finding.code].severity;
}

/** Each once, worst first, and causes before what follows from them. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const once = new Map(findings.map((one) => [`${one.code} ${one.detail}`, one]));
  return [...once.values()].toSorted(
    (a, b) =>
      RANK[severityOf(a)] - RANK[severityOf(b)] || (ORDER.get(a.code) ?? 0) - (ORDER.get(b.code) ?? 0),
  );
}

/** A word as a shell takes it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Words that are commands already. */
const COMMAND_WORDS = new Set(['agent', 'restart', 'start', 'renew']);

/** Puts a finding into words; `known` fills braces that the finding does not fill itself. */
export function describeFinding(finding: Finding, known: Readonly<Record<string, string>>): DoctorFinding {
  const { theme, title, meaning, command }: CheckTraits = DOCTOR_CHECKS[finding.code];
  const words = { ...known, ...finding.words };
  const filled = command.replaceAll(/\{(\w+)\}/g, (braces, name: string) => {
    const word = words[name];
    if (word === undefined) return braces;
    return COMMAND_WORDS.has(name) ? String(word) : shellWord(String(word));
  });
  return {
    code: finding.code,
    severity: severityOf(finding),
    theme,
    title,
    detail: finding.detail,
    meaning,
    command: filled,
    repairable: finding.repair !== undefined,
  };
}
