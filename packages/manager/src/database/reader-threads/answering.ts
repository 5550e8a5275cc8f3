import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { ReadAnswer, ReaderData, ReadQuestion } from './messages.ts';

/** Waiting for another connection, as while a log is recovered. */
const BUSY_TIMEOUT_MS = 5_000;
/** Statements whose text differs with what is asked must not pile up. */
const MAX_STATEMENTS = 200;

/** Opens a connection that only reads, and answers questions about the database, each as of the last commit before it. */
export function openAnswering({ path }: ReaderData): (question: ReadQuestion) => ReadAnswer {
  let database: DatabaseSync | undefined;
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    database ??= openReadOnly(path);
    const prepared = database.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  return ({ sql, parameters }) => {
    try {
      return { rows: prepare(sql).all(...(parameters as SQLInputValue[])) };
    } catch (error) {
      const { message, errcode } = error as { readonly message: string; readonly errcode?: number };
      return { message, errcode };
    }
  };
}

function openReadOnly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  // Sorting a fleet takes no file, and 16 MB of pages stay in memory.
  database.exec('pragma temp_store = memory; pragma cache_size = -16000;');
  return database;
}
