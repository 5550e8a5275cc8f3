/**
 * Whether a text fits a pattern in which `*` stands for any characters and `?` for one, in time proportional to the product of both
 * lengths. Case counts.
 */
export function fitsGlob(pattern: string, text: string): boolean {
  let [at, from, star, retry] = [0, 0, -1, 0];
  while (from < text.length) {
    if (pattern[at] === '*') [star, at, retry] = [at, at + 1, from];
    else if (pattern[at] === '?' || pattern[at] === text[from]) [at, from] = [at + 1, from + 1];
    else if (star >= 0) [at, retry, from] = [star + 1, retry + 1, retry + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
