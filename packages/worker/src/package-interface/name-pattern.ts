/**
 * Whether a name fits a pattern with `*` and `?`. Strangers choose patterns: the time grows with the product of both
 * lengths and no faster, because only the last `*` is ever tried again.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  let [at, from] = [0, 0];
  let star: number | undefined;
  for (let next = 0; next < name.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      from = next;
    } else if (pattern[at] === '?' || pattern[at] === name[next]) {
      at++;
      next++;
    } else if (star !== undefined) {
      at = star + 1;
      next = ++from;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
