import { Kysely } from 'kysely';
import type { ManagerTables } from '../schema.ts';
import { readersDialect } from './dialect.ts';
import type { ReaderOptions } from './reader.ts';
import { createReaders } from './readers.ts';

/** A database, and the same for questions whose answers are long in coming. */
export interface ReadDatabase {
  readonly db: Kysely<ManagerTables>;
  readonly reads: Kysely<ManagerTables>;
}

/** A database to read from beside the thread that asks. */
export interface OpenReads extends AsyncDisposable {
  /**
   * Sees everything that was committed before a question is asked. A question that is given up by its signal is not waited for; its
   * reader finishes it.
   */
  readonly reads: Kysely<ManagerTables>;
}

/** Opens a SQLite file for questions whose answers are long in coming: they are worked on in threads of their own. */
export function openReads(options: ReaderOptions): OpenReads {
  const readers = createReaders(options);
  const reads = new Kysely<ManagerTables>({ dialect: readersDialect(readers) });
  return {
    reads,
    async [Symbol.asyncDispose]() {
      await reads.destroy();
      // Kysely closes nothing that nobody used.
      await readers.close();
    },
  };
}
