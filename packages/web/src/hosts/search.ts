import type { KnownHost } from './known-host.ts';
import { KEYS, type Key } from './search-keys.ts';

/** Hosts that the manager named for a word which the page cannot judge itself. */
export interface Asked {
  readonly ids: ReadonlySet<string>;
  /** What the reader must know about it; undefined when there is nothing to say. */
  readonly remark: string | undefined;
}

/** What a search stands on besides the hosts. */
export interface Grounds {
  readonly nowMs: number;
  /** By the word, as it was typed. */
  readonly asked: ReadonlyMap<string, Asked>;
}

interface Found {
  readonly hosts: readonly KnownHost[];
  /** Why there is none, or what of the search was not understood; undefined when there is nothing to say. */
  readonly remark: string | undefined;
}

/** For people: what can be searched for. */
export const SEARCH_HELP = `Parts of names or addresses, and words such as ${Object.values(KEYS)
  .flatMap(({ example }) => example ?? [])
  .join(', ')}. What is found fits all of it. A minus before a word leaves out what fits it: -group:web.`;
const NO_MINUS =
  'A minus stands before parts of names and addresses and before what the list shows of hosts, not before pkg:, lacks: and saved:.';

/** The words of a search. */
export function termsOf(search: string): string[] {
  return search.split(/\s+/).filter(Boolean);
}

/** The key of a word with a colon; undefined for a part of a name, `not understood` for a key that there is not. */
export function keyOf(term: string): { readonly key: Key; readonly value: string } | 'strange' | undefined {
  const [, name = '', value = ''] = /^([a-z]+):(.*)$/i.exec(term) ?? [];
  if (name === '') return undefined;
  const key = Object.hasOwn(KEYS, name.toLowerCase()) ? KEYS[name.toLowerCase()] : undefined;
  return key ? { key, value } : 'strange';
}

type Test = (host: KnownHost) => boolean;

/** What a word wants; a text where it is not understood, for people. */
function testOf(term: string, grounds: Grounds): Test | string {
  if (!/^-./.test(term)) return plainTestOf(term, grounds);
  const found = keyOf(term.slice(1));
  if (typeof found === 'object' && found.key.asked) return NO_MINUS;
  const test = plainTestOf(term.slice(1), grounds);
  return typeof test === 'string' ? test : (host) => !test(host);
}

function plainTestOf(term: string, { nowMs, asked }: Grounds): Test | string {
  const found = keyOf(term);
  const wanted = term.toLowerCase();
  if (found === undefined)
    return ({ fqdn, address }) => fqdn.toLowerCase().includes(wanted) || address.includes(wanted);
  if (found === 'strange') return SEARCH_HELP;
  const { key, value } = found;
  if (key.asked) {
    const ids = asked.get(term)?.ids;
    return key.asked(value) ? ({ id }) => ids?.has(id) ?? false : key.takes;
  }
  return key.test(value.toLowerCase(), nowMs) ?? key.takes;
}

/** The hosts that every word of a search fits. */
export function searchHosts(hosts: readonly KnownHost[], search: string, grounds: Grounds): Found {
  const remarks: string[] = [];
  let left = hosts;
  const terms = termsOf(search);
  const tests = terms.map((term) => ({ term, test: testOf(term, grounds) }));
  for (const { term, test } of tests)
    if (typeof test === 'string') return { hosts: [], remark: `"${term}" is not understood. ${test}` };
  for (const { term, test } of tests) {
    if (typeof test === 'string') continue;
    const fitting = left.filter(test);
    if (fitting.length === 0 && left.length > 0)
      return {
        hosts: [],
        remark: `No host fits "${term}"${terms.length > 1 ? '; without it some would' : ''}.`,
      };
    left = fitting;
    const { remark } = grounds.asked.get(term) ?? {};
    if (remark !== undefined) remarks.push(remark);
  }
  return { hosts: left, remark: remarks.length > 0 ? remarks.join(' ') : undefined };
}
