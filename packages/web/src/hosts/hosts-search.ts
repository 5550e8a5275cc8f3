import { type Order, orderOf } from './order.ts';

/** What is shown of the fleet; all of it is in the address. */
export interface HostsSearch {
  readonly q?: string;
  /** By which column, and which end first. */
  readonly sort?: Order;
}

/** What of an address is a search of hosts. */
export function hostsSearchOf({ q, sort }: Record<string, unknown>): HostsSearch {
  const order = orderOf(sort);
  return {
    ...(typeof q === 'string' && q !== '' ? { q } : {}),
    ...(order === undefined ? {} : { sort: order }),
  };
}

/** The search with a word more, or without it where it is there. */
export function withTerm(search: string, term: string): string {
  const terms = search.split(/\s+/).filter(Boolean);
  const others = terms.filter((one) => one !== term);
  return (others.length < terms.length ? others : [...terms, term]).join(' ');
}
