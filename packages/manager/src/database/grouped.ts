import type { Kysely, Transaction } from 'kysely';
import type { ManagerTables } from './schema.ts';

/** An item that waits for its transaction, and who waits for it. */
interface Entry<T> {
  readonly item: T;
  readonly written: PromiseWithResolvers<void>;
}

/**
 * Writes items that come one by one, those that come while the database is busy in one transaction together: a flush to
 * the disk costs as much as a hundred rows. The promise resolves when the item is durable; when the transaction fails,
 * all of its items do.
 */
export function groupWrites<T>(
  db: Kysely<ManagerTables>,
  write: (db: Transaction<ManagerTables>, items: readonly T[]) => Promise<void>,
): (item: T) => Promise<void> {
  let waiting: Entry<T>[] = [];
  const flush = async (): Promise<void> => {
    let taken: Entry<T>[] = [];
    try {
      await db.transaction().execute(async (own) => {
        taken = waiting;
        waiting = [];
        await write(
          own,
          taken.map((entry) => entry.item),
        );
      });
      for (const entry of taken) entry.written.resolve();
    } catch (error) {
      // Nothing is taken when the transaction could not even begin: then nobody else will come for them.
      const failed = taken.length > 0 ? taken : waiting.splice(0);
      for (const entry of failed) entry.written.reject(error);
    }
  };
  return (item) => {
    const written = Promise.withResolvers<void>();
    waiting.push({ item, written });
    // Whoever finds others waiting goes with them.
    if (waiting.length === 1) void flush();
    return written.promise;
  };
}
