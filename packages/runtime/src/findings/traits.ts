import type { FindingSeverity, FindingTheme } from '@linux-patch/contract';

/** What a code of a doctor means wherever it is seen. */
export interface CheckTraits {
  readonly theme: FindingTheme;
  readonly severity: FindingSeverity;
  /** A sentence's worth for the first line. */
  readonly title: string;
  /** What it means for this host, and what to think of. */
  readonly meaning: string;
  /** The one command that mends it. Words in braces are filled in by the finding, or are known everywhere. */
  readonly command: string;
  /** Whether `--fix` can mend it, at least often. */
  readonly repairs: boolean;
}

type Words = Pick<CheckTraits, 'title' | 'meaning' | 'command'> & { readonly repairs?: true };

/** Checks of one theme: errors keep the host from its work or let others in; warnings will; notices are worth knowing. */
export function themed(theme: FindingTheme) {
  const make =
    (severity: FindingSeverity) =>
    ({ repairs, ...words }: Words): CheckTraits => ({ theme, severity, ...words, repairs: repairs ?? false });
  return { error: make('error'), warning: make('warning'), notice: make('notice') };
}
