/** Characters that only part what is around them, a run of digits or letters, and the rest; each may be empty. */
const SEGMENT = /^([^A-Za-z0-9]*)(\d+|[A-Za-z]*)(.*)$/s;

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function isNumber(word: string): boolean {
  return /^\d/.test(word);
}

function compareWords(a: string, b: string): number {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? 1 : -1;
  if (!isNumber(a)) return compareText(a, b);
  const [one, other] = [a, b].map((digits) => digits.replace(/^0+/, '')) as [string, string];
  return one.length - other.length || compareText(one, other);
}

/** One of the two has come to its end: letters are older than nothing, everything else is newer. */
function compareRests(a: string, b: string): number {
  if (a === '' && b === '') return 0;
  const startsWithLetter = (text: string): boolean => /^[A-Za-z]/.test(text);
  return (a === '' && !startsWithLetter(b)) || startsWithLetter(a) ? -1 : 1;
}

/** rpmvercmp of libalpm, which knows no `~` and `^` and counts what parts the segments. */
function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  let [left, right] = [a, b];
  while (left !== '' && right !== '') {
    const [, gap = '', word = '', rest = ''] = SEGMENT.exec(left) ?? [];
    const [, otherGap = '', otherWord = '', otherRest = ''] = SEGMENT.exec(right) ?? [];
    if (word === '' || otherWord === '') return compareRests(word + rest, otherWord + otherRest);
    const order = gap.length - otherGap.length || compareWords(word, otherWord);
    if (order !== 0) return order;
    [left, right] = [rest, otherRest];
  }
  return compareRests(left, right);
}

/** The epoch ends at a colon that follows nothing but digits; the release begins after the last dash. */
const PARTS = /^(?:(\d*):)?(.*?)(?:-([^-]*))?$/s;

/**
 * Order of `epoch:version-release` as pacman has it (alpm_pkg_vercmp); negative when `a` is older. A missing epoch is 0; a
 * release that one of them lacks does not count.
 */
export function comparePacmanVersions(a: string, b: string): number {
  if (a === b) return 0;
  const [, epoch, version = '', release] = PARTS.exec(a) ?? [];
  const [, otherEpoch, otherVersion = '', otherRelease] = PARTS.exec(b) ?? [];
  return (
    comparePart(epoch || '0', otherEpoch || '0') ||
    comparePart(version, otherVersion) ||
    (release === undefined || otherRelease === undefined ? 0 : comparePart(release, otherRelease))
  );
}
