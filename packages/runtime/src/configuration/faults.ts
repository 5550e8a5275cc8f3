import { PatchError } from '@linux-patch/contract';

/** What kind of fault it is, for programs; one of a value has none, unless a rule names it. */
export type FaultKind = 'missing_file' | 'unreadable_file' | 'syntax' | 'unknown_key' | (string & {});

/** One thing wrong with a configuration, with the place a person has to look at. */
export interface ConfigurationFault {
  readonly file: string;
  /** Counted from 1; 0 when the source has no lines (the environment, a file that cannot be read). */
  readonly line: number;
  /** Counted from 1 in UTF-16 units; 0 when the source has no lines. */
  readonly column: number;
  /** Dotted path of the key, empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly kind?: FaultKind | undefined;
}

/** More faults than this tell a person nothing new. */
const MAX_LISTED = 100;

/** `FILE:LINE:COL path: message`, without the parts that do not apply. */
function formatFault(fault: ConfigurationFault): string {
  const place = fault.line > 0 ? `${fault.file}:${fault.line}:${fault.column}` : `${fault.file}:`;
  return [place, ...(fault.path === '' ? [] : [`${fault.path}:`]), fault.message].join(' ');
}

/** `CONFIG_INVALID` with one line per fault in the order of the file, and the same as `details.faults`. */
export function configurationError(faults: readonly ConfigurationFault[], cause?: unknown): PatchError {
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted.slice(0, MAX_LISTED).map(formatFault);
  if (sorted.length > MAX_LISTED) lines.push(`… and ${sorted.length - MAX_LISTED} more faults`);
  return new PatchError('CONFIG_INVALID', [...new Set(lines)].join('\n'), {
    details: { faults: sorted },
    cause,
  });
}

/** `CONFIG_INVALID` about a file as a whole. */
export function fileFault(
  file: string,
  message: string,
  kind: 'missing_file' | 'unreadable_file' = 'unreadable_file',
  cause?: unknown,
): PatchError {
  return configurationError([{ file, line: 0, column: 0, path: '', message, kind }], cause);
}
