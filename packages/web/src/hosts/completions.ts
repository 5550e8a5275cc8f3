import type { KnownHost } from './known-host.ts';
import { keyOf } from './search.ts';
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

/** Whether a minus may stand before a word: not where only the manager can answer. */
function canBeLeftOut(term: string): boolean {
  const found = keyOf(term);
  return typeof found === 'object' && found.key.asked === undefined;
}

/** How a search may go on: whole searches, each with another end of its last word. */
export function completionsOf(search: string, terms: readonly string[]): string[] {
  const [, head = '', last = ''] = /^(.*?)(\S*)$/s.exec(search) ?? [];
  const [, minus = '', word = ''] = /^(-?)(.*)$/.exec(last) ?? [];
  const begun = word.toLowerCase();
  return terms
    .filter((term) => term.toLowerCase().startsWith(begun) && term !== word)
    .filter((term) => minus === '' || canBeLeftOut(term))
    .slice(0, MOST)
    .map((term) => head + minus + term);
}
