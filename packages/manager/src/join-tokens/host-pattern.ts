import { fitsGlob } from '../hosts/glob.ts';

/**
 * Whether a host name fits a pattern: label by label, `*` stands for any characters but a dot, so `*.example.org` names
 * the hosts of that domain and not those of its subdomains. Case does not count.
 */
export function fitsHostPattern(pattern: string, fqdn: string): boolean {
  const [patterns, labels] = [pattern.toLowerCase().split('.'), fqdn.toLowerCase().split('.')];
  return (
    patterns.length === labels.length && patterns.every((one, index) => fitsGlob(one, labels[index] ?? ''))
  );
}
