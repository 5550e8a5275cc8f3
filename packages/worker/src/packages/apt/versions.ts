/** Order of a character in a non-digit part: `~` before the end, letters before everything else. */
function orderOf(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return /[a-zA-Z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = orderOf(a[index]) - orderOf(b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Compares parts without digits and numbers in turn (deb-version(7)). */
function comparePart(a: string, b: string): number {
  const split = (text: string): string[] => text.match(/\D+|\d+/g) ?? [];
  const [left, right] = [split(a), split(b)];
  if (/^\d/.test(a)) left.unshift('');
  if (/^\d/.test(b)) right.unshift('');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one = '', other = ''] = [left[index], right[index]];
    const difference =
      index % 2 === 0 ? compareText(one, other) : Number(BigInt(one || '0') - BigInt(other || '0'));
    if (difference !== 0) return difference;
  }
  return 0;
}

function parts(version: string): readonly [epoch: number, upstream: string, revision: string] {
  const [, epoch = '0', rest = version] = /^(\d+):(.*)$/.exec(version) ?? [];
  const dash = rest.lastIndexOf('-');
  return dash < 0 ? [Number(epoch), rest, ''] : [Number(epoch), rest.slice(0, dash), rest.slice(dash + 1)];
}

/** Order of two Debian versions; negative when `a` is older. */
export function compareDebianVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  return left[0] - right[0] || comparePart(left[1], right[1]) || comparePart(left[2], right[2]);
}
