/**
 * Works through items, at most `limit` of them at a time; ends early when the signal aborts. Work must not throw.
 * @param items a generator is asked for the next one when its turn has come, and never twice at the same time
 */
export async function inTurn<T>(
  items: readonly T[] | AsyncGenerator<T, void>,
  limit: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const isList = Symbol.iterator in items;
  const rest = isList ? items[Symbol.iterator]() : items;
  const worker = async (): Promise<void> => {
    for (let next = await rest.next(); !next.done && !signal.aborted; next = await rest.next())
      await work(next.value);
  };
  const workers = isList ? Math.min(limit, items.length) : limit;
  await Promise.all(Array.from({ length: workers }, worker));
}
