import { compareText } from '../text-order.ts';
import type { Reading } from './exposition.ts';

/** Counts by labels; small, because every label has few values. */
export interface Tally<L extends string> {
  add(labels: Readonly<Record<L, string>>): void;
  count(labels: Readonly<Record<L, string>>): number;
  readings(): Reading<L>[];
}

export function createTally<L extends string>(): Tally<L> {
  const counts = new Map<string, { readonly labels: Readonly<Record<L, string>>; value: number }>();
  const keyOf = (labels: Readonly<Record<L, string>>): string =>
    JSON.stringify(Object.entries<string>(labels).toSorted(([one], [other]) => compareText(one, other)));
  return {
    add(labels) {
      const key = keyOf(labels);
      const known = counts.get(key);
      if (known) known.value += 1;
      else counts.set(key, { labels, value: 1 });
    },
    count: (labels) => counts.get(keyOf(labels))?.value ?? 0,
    readings: () => [...counts.values()].map(({ labels, value }) => ({ labels, value })),
  };
}
