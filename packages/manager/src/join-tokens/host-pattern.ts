/** Whether one label fits a pattern in which `*` stands for any characters, in time proportional to both lengths. */
function fitsLabel(pattern: string, label: string): boolean {
  let [at, from, star, retry] = [0, 0, -1, 0];
  while (from < label.length) {
    if (pattern[at] === '*') [star, at, retry] = [at, at + 1, from];
    else if (pattern[at] === label[from]) [at, from] = [at + 1, from + 1];
    else if (star >= 0) [at, retry, from] = [star + 1, retry + 1, retry + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

/**
 * Whether a host name fits a pattern: label by label, `*` stands for any characters but a dot, so `*.example.org` names
 * the hosts of that domain and not those of its subdomains. Case does not count.
 */
export function fitsHostPattern(pattern: string, fqdn: string): boolean {
  const [patterns, labels] = [pattern.toLowerCase().split('.'), fqdn.toLowerCase().split('.')];
  return (
    patterns.length === labels.length && patterns.every((one, index) => fitsLabel(one, labels[index] ?? ''))
  );
}
