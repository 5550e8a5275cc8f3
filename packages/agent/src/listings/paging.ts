/** Paging and direction, as the contract's queries carry them. */
export interface Page {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly order?: 'asc' | 'desc' | undefined;
}

/** Orders what matches and cuts the page out; without `limit` everything from `offset` on. */
export function pageOf<T>(
  items: readonly T[],
  page: Page,
  compare: (a: T, b: T) => number,
): { readonly items: T[]; readonly total: number; readonly limit: number | null; readonly offset: number } {
  const sign = page.order === 'desc' ? -1 : 1;
  const sorted = items.toSorted((a, b) => sign * compare(a, b));
  const offset = page.offset ?? 0;
  const end = page.limit === undefined ? undefined : offset + page.limit;
  return { items: sorted.slice(offset, end), total: items.length, limit: page.limit ?? null, offset };
}
