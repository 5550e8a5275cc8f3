import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Waiting for another process's write, for example a backup. */
const BUSY_TIMEOUT_MS = 5_000;

/** Node has no word for "this statement returns rows" but the columns of a prepared one. */
function returnsRows(statement: StatementSync): boolean {
  return statement.columns().length > 0;
}

function toStatement(statement: StatementSync): SqliteStatement {
  const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
  return {
    reader: returnsRows(statement),
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => {
      const { changes, lastInsertRowid } = statement.run(...values(parameters));
      return { changes, lastInsertRowid };
    },
    iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}

/**
 * Opens a SQLite file for Kysely: write-ahead log, and every commit flushed to the disk, because an approval
 * that was answered must survive a power cut.
 */
export function openSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_TIMEOUT_MS });
  // Copying the log back costs two more flushes: every 16 MB is soon enough.
  database.exec('pragma wal_autocheckpoint = 4000;');
  // Bundles for agents of the older generation hold a private key: what is removed is also overwritten.
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;');
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(wanted) {
      // Kysely begins deferred; a transaction that reads before it writes could then fail instead of waiting.
      const text = wanted === 'begin' ? 'begin immediate' : wanted;
      const known = statements.get(text);
      if (known) return known;
      const made = toStatement(database.prepare(text));
      statements.set(text, made);
      return made;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}
