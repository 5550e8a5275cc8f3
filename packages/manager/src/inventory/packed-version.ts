/** Longer versions have no key; the longest that Debian ships has less than a hundred characters. */
const MAX_VERSION_CHARACTERS = 250;

/** A number of any length: how many digits it has without leading zeros, then those. */
export function pushNumber(bytes: number[], digits: string): void {
  const significant = digits.replace(/^0+/, '');
  bytes.push(significant.length);
  for (const digit of significant) bytes.push(digit.charCodeAt(0));
}

/** How the versions of a package manager are read and packed. */
export interface VersionRules {
  /** Groups: the epoch and what follows it, or the whole of a version without one. */
  readonly pattern: RegExp;
  /** Appends a version or a release. */
  readonly pushPart: (bytes: number[], part: string) => void;
}

/** Epoch, version and release as bytes, in this order; undefined for a text that is no version, or longer than 250 characters. */
export function packVersion(version: string, { pattern, pushPart }: VersionRules): Uint8Array | undefined {
  const [, epoch = '', afterEpoch, whole] = pattern.exec(version) ?? [];
  const rest = afterEpoch ?? whole;
  if (rest === undefined || version.length > MAX_VERSION_CHARACTERS) return undefined;
  const dash = rest.lastIndexOf('-');
  const bytes: number[] = [];
  pushNumber(bytes, epoch);
  pushPart(bytes, dash < 0 ? rest : rest.slice(0, dash));
  pushPart(bytes, dash < 0 ? '' : rest.slice(dash + 1));
  return Uint8Array.from(bytes);
}
