import { type Kysely, sql, type Transaction } from 'kysely';
import type { ManagerTables } from './schema.ts';

type Own = Transaction<ManagerTables>;

/** A piece of work that waits for its transaction; `settle` tells whoever waits what came of it. */
interface Piece {
  readonly run: (own: Own) => Promise<void>;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
}

/** So that nobody waits long for what came after. */
const MAX_TOGETHER = 64;

/** Work that waits, by database. */
const queues = new WeakMap<Kysely<ManagerTables>, Piece[]>();

/**
 * Does work that changes the database, all of it or nothing, durable when the promise resolves. What comes in one turn of
 * the event loop, or while another transaction is under way, is committed together, because a flush to the disk costs more than
 * the work; a piece that fails takes back its own changes only.
 */
export function inTransaction<T>(db: Kysely<ManagerTables>, work: (own: Own) => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let settle = (): void => {};
  const piece: Piece = {
    run: async (own) => {
      const outcome = await inSavepoint(own, work);
      settle = outcome.done ? () => resolve(outcome.value) : () => reject(outcome.error);
    },
    settle: () => settle(),
    fail: reject,
  };
  const waiting = queues.get(db);
  if (waiting) waiting.push(piece);
  else {
    const queue = [piece];
    queues.set(db, queue);
    void commitAll(db, queue);
  }
  return promise;
}

async function commitAll(db: Kysely<ManagerTables>, queue: Piece[]): Promise<void> {
  while (queue.length > 0) {
    // SQLite answers at once and flushes while nothing else runs: what came meanwhile gets its turn, and is committed with this.
    await new Promise((resolve) => setImmediate(resolve));
    let taken: readonly Piece[] = [];
    try {
      await db.transaction().execute(async (own) => {
        taken = queue.splice(0, MAX_TOGETHER);
        for (const piece of taken) await piece.run(own);
      });
      for (const piece of taken) piece.settle();
    } catch (error) {
      // Nothing is taken when the transaction could not even begin; then it fails for all that wait.
      for (const piece of taken.length > 0 ? taken : queue.splice(0)) piece.fail(error);
    }
  }
  queues.delete(db);
}

type Outcome<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly error: unknown };

/** @throws when the changes cannot be taken back; the whole transaction is lost then. */
async function inSavepoint<T>(own: Own, work: (own: Own) => Promise<T>): Promise<Outcome<T>> {
  await sql`savepoint piece`.execute(own);
  const outcome = await work(own).then(
    (value): Outcome<T> => ({ done: true, value }),
    (error: unknown): Outcome<T> => ({ done: false, error }),
  );
  try {
    if (!outcome.done) await sql`rollback to savepoint piece`.execute(own);
    await sql`release savepoint piece`.execute(own);
  } catch (error) {
    // After a full disk SQLite has taken everything back already; why is what the work failed with.
    throw outcome.done ? error : outcome.error;
  }
  return outcome;
}
