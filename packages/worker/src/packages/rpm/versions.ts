/** `epoch:version-release`; the epoch ends at a colon that follows nothing but digits (rpm-version(7)). */
const PARTS = /^(?:(\d*):)?(.*?)(?:-([^-]*))?$/s;
/** Everything else only parts what is around it. */
const TOKEN = /~|\^|[A-Za-z]+|\d+/g;

/** What comes at one place, in the order of rpm: `~` before the end, `^` after it, letters after that, numbers last. */
function rankOf(token: string | undefined): number {
  if (token === undefined) return 1;
  if (token === '~') return 0;
  if (token === '^') return 2;
  return /^\d/.test(token) ? 4 : 3;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Numbers of any length. */
function compareNumbers(a: string, b: string): number {
  const [one, other] = [a, b].map((digits) => digits.replace(/^0+/, '')) as [string, string];
  return one.length - other.length || compareText(one, other);
}

function comparePart(a: string, b: string): number {
  const [one, other] = [a.match(TOKEN) ?? [], b.match(TOKEN) ?? []];
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const [left, right] = [one[at], other[at]];
    const rank = rankOf(left);
    const order = rank - rankOf(right);
    if (order !== 0) return order;
    const inside =
      rank === 4 ? compareNumbers(left ?? '', right ?? '') : compareText(left ?? '', right ?? '');
    if (inside !== 0) return inside;
  }
  return 0;
}

/** Order of `epoch:version-release` as rpm has it; negative when `a` is older. A missing epoch is 0. */
export function compareRpmVersions(a: string, b: string): number {
  const [, epoch = '', version = '', release = ''] = PARTS.exec(a) ?? [];
  const [, otherEpoch = '', otherVersion = '', otherRelease = ''] = PARTS.exec(b) ?? [];
  return (
    compareNumbers(epoch, otherEpoch) ||
    comparePart(version, otherVersion) ||
    comparePart(release, otherRelease)
  );
}
