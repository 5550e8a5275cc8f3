import type { KnownHost } from './known-host.ts';

/** What a word with a colon looks at, and what it takes. */
const KEYS: Readonly<Record<string, (host: KnownHost, value: string) => boolean>> = {
  state: ({ state }, value) => state === value,
  os: ({ os }, value) => os.toLowerCase().replaceAll(' ', '').includes(value),
  address: ({ address }, value) => address.includes(value),
  security: ({ securityUpdates }, value) =>
    value === 'yes' ? (securityUpdates ?? 0) > 0 : value === 'no' && securityUpdates === 0,
  identity: ({ identity, state }, value) =>
    value === 'trouble' ? identity !== 'ok' && state !== 'left' : identity === value,
  group: ({ groups }, value) => groups.some((name) => name.toLowerCase() === value),
  label: ({ labels }, value) => labels.some((label) => label.toLowerCase() === value),
};

/** For people: what can be searched for. */
export const SEARCH_HELP =
  'Part of a name or address, or state:behind, state:unknown, state:current, state:left, security:yes, os:debian12, address:10.0, identity:trouble, group:web, label:env=prod';

interface Found {
  readonly hosts: readonly KnownHost[];
  /** Why there is none, or what of the search was not understood; undefined when there is nothing to say. */
  readonly remark: string | undefined;
}

function fits(host: KnownHost, term: string): boolean {
  const [, key = '', value = ''] = /^([a-z]+):(.*)$/.exec(term) ?? [];
  const test = KEYS[key];
  if (test) return test(host, value);
  return host.fqdn.toLowerCase().includes(term) || host.address.includes(term);
}

/** The hosts that every word of a search fits. */
export function searchHosts(hosts: readonly KnownHost[], search: string): Found {
  const terms = search.toLowerCase().split(/\s+/).filter(Boolean);
  const strange = terms.find(
    (term) => /^[a-z]+:/.test(term) && !Object.hasOwn(KEYS, term.split(':')[0] ?? ''),
  );
  if (strange !== undefined) return { hosts: [], remark: `"${strange}" is not understood. ${SEARCH_HELP}.` };
  let left = hosts;
  for (const term of terms) {
    const fitting = left.filter((host) => fits(host, term));
    if (fitting.length === 0 && left.length > 0)
      return {
        hosts: [],
        remark: `No host fits "${term}"${terms.length > 1 ? '; without it some would' : ''}.`,
      };
    left = fitting;
  }
  return { hosts: left, remark: undefined };
}
