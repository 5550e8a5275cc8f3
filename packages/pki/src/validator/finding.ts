import { CHECK_IDS, CHECKS, type CheckId, type Refusal } from './checks.ts';

/** What a check found. */
export interface Finding {
  readonly check: CheckId;
  /** Its short name. */
  readonly name: string;
  /** Whether the identity must not be used because of it. */
  readonly severity: 'refuse' | 'warn';
  /** Status of an identity that is refused for it. */
  readonly status: (typeof CHECKS)[CheckId]['status'];
  /** What is wrong, for people. */
  readonly message: string;
  /** The command that mends it. */
  readonly repair: string;
  /** The files concerned, or the members of a bundle. */
  readonly paths: readonly string[];
}

/** On disk and in use, or received and about to be written. */
export type Occasion = 'start' | 'install';

/** A failed check before it is known what it means on this occasion. */
export interface Fault {
  readonly check: CheckId;
  readonly message: string;
  readonly paths: readonly string[];
  /** When it refuses, where that differs from the rule of the check. */
  readonly refuses?: Refusal;
  /** The command that mends it, where that differs from the rule of the check. */
  readonly repair?: string;
}

/** Weighs faults and puts them into the order of the checks. */
export function findingsOf(faults: readonly Fault[], occasion: Occasion): Finding[] {
  return faults
    .map(({ check, message, paths, refuses, repair }): Finding => {
      const traits = CHECKS[check];
      const when: Refusal = refuses ?? traits.refuses;
      return {
        check,
        name: traits.name,
        severity: when === 'always' || when === occasion ? 'refuse' : 'warn',
        status: traits.status,
        message,
        repair: repair ?? traits.repair,
        paths,
      };
    })
    .sort((a, b) => CHECK_IDS.indexOf(a.check) - CHECK_IDS.indexOf(b.check));
}
