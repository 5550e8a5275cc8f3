import type { KnownHost } from './known-host.ts';

/** What hosts can be put in order by; by name is what there is without a word. */
const BY = {
  system: ({ os }: KnownHost) => os,
  security: ({ securityUpdates }: KnownHost) => securityUpdates,
  updates: ({ updates }: KnownHost) => updates,
  reboot: ({ reboot }: KnownHost) => ({ needed: 1, no: 0, unknown: null })[reboot],
  // One that was never seen was seen longest ago.
  seen: ({ seenAt }: KnownHost) => (seenAt === null ? 0 : new Date(seenAt).getTime()),
  state: ({ state }: KnownHost) => ({ behind: 3, unknown: 2, current: 1, left: 0 })[state],
} as const;

export type Column = keyof typeof BY;

/** A column, the smallest first; with `-` before it the largest first. */
export type Order = Column | `-${Column}`;

/** An order, as an address has it; undefined for anything else. */
export function orderOf(text: unknown): Order | undefined {
  return typeof text === 'string' && Object.hasOwn(BY, text.replace(/^-/, '')) ? (text as Order) : undefined;
}

/** The column of an order. */
export function columnOf(order: Order): Column {
  return order.replace(/^-/, '') as Column;
}

/** What a press on a column asks for: most first, then fewest first, then by name again. */
export function nextOrder(column: Column, order: Order | undefined): Order | undefined {
  if (order === `-${column}`) return column;
  return order === column ? undefined : `-${column}`;
}

/** Hosts in an order; what nobody knows is last either way, and among equals the order stays. */
export function inOrder(hosts: readonly KnownHost[], order: Order | undefined): readonly KnownHost[] {
  if (order === undefined) return hosts;
  const of = BY[columnOf(order)];
  const sign = order.startsWith('-') ? -1 : 1;
  return hosts.toSorted((a, b) => {
    const [one, two] = [of(a), of(b)];
    if (one === two) return 0;
    if (one === null) return 1;
    if (two === null) return -1;
    return one < two ? -sign : sign;
  });
}
