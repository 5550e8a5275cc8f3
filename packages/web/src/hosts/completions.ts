import type { KnownHost } from './known-host.ts';
import { KEYS } from './search-keys.ts';

/** More than anybody reads. */
const MOST = 40;

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** Values of this fleet, by key. */
function valuesOf(hosts: readonly KnownHost[], saved: readonly string[]): Readonly<Record<string, string[]>> {
  return {
    os: sorted(hosts.map(({ os }) => os.toLowerCase().replaceAll(' ', ''))),
    group: sorted(hosts.flatMap(({ groups }) => groups)),
    label: sorted(hosts.flatMap(({ labels }) => labels)),
    saved: sorted(saved),
  };
}

/** All words that fit this fleet and have a key; a value with a blank would be two words. */
export function knownTerms(hosts: readonly KnownHost[], saved: readonly string[]): string[] {
  const own = valuesOf(hosts, saved);
  return Object.entries(KEYS).flatMap(([name, { values }]) =>
    [...values, ...(own[name] ?? [])].filter((value) => !/\s/.test(value)).map((value) => `${name}:${value}`),
  );
}

/** How a search may go on: whole searches, each with another end of its last word. */
export function completionsOf(search: string, terms: readonly string[]): string[] {
  const [, head = '', last = ''] = /^(.*?)(\S*)$/s.exec(search) ?? [];
  const begun = last.toLowerCase();
  return terms
    .filter((term) => term.toLowerCase().startsWith(begun) && term !== last)
    .slice(0, MOST)
    .map((term) => head + term);
}
