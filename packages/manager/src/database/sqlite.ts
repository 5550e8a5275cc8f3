import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { PatchError } from '@linux-patch/contract';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Waiting for another process's write, for example a backup. */
const BUSY_TIMEOUT_MS = 5_000;

/** Node has no word for "this statement returns rows" but the columns of a prepared one. */
function returnsRows(statement: StatementSync): boolean {
  return statement.columns().length > 0;
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that mean: nothing can be written. */
const WHY: Readonly<Record<number, string>> = {
  8: 'it is read-only',
  10: 'the disk fails',
  13: 'the disk is full',
  14: 'its files cannot be made, as on a full disk',
};

/** Runs a piece of work; what the disk does not take is said as that. */
export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { errcode, message } = error as { readonly errcode?: number; readonly message?: string };
    const why = errcode === undefined ? undefined : WHY[errcode & 0xff];
    if (why === undefined) throw error;
    throw new PatchError(
      'DISK_FULL',
      `The manager cannot write its database ${path}: ${why} (${message}). Nothing was changed or started. ` +
        `"df -h ${dirname(path)}" shows the disk; make room, then do it again.`,
      { cause: error },
    );
  }
}

function toStatement(path: string, statement: StatementSync): SqliteStatement {
  const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
  return {
    reader: returnsRows(statement),
    all: (parameters) => onDisk(path, () => statement.all(...values(parameters))),
    run: (parameters) => {
      const { changes, lastInsertRowid } = onDisk(path, () => statement.run(...values(parameters)));
      return { changes, lastInsertRowid };
    },
    iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}

/** After a full disk SQLite has taken a transaction back by itself; taking it back again would hide why. */
function toRollback(database: DatabaseSync, statement: SqliteStatement): SqliteStatement {
  return {
    ...statement,
    run: (parameters) =>
      database.isTransaction ? statement.run(parameters) : { changes: 0, lastInsertRowid: 0 },
  };
}

function openConfigured(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_TIMEOUT_MS });
  try {
    // Copying the log back costs two more flushes: every 16 MB is soon enough.
    database.exec('pragma wal_autocheckpoint = 4000;');
    // Bundles for agents of the older generation hold a private key: what is removed is also overwritten.
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Opens a SQLite file for Kysely: write-ahead log, and every commit flushed to the disk, because an approval
 * that was answered must survive a power cut.
 * @throws PatchError `DISK_FULL`, as every statement does, when the disk takes nothing any more
 */
export function openSqlite(path: string): SqliteDatabase {
  const database = onDisk(path, () => openConfigured(path));
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(wanted) {
      // Kysely begins deferred; a transaction that reads before it writes could then fail instead of waiting.
      const text = wanted === 'begin' ? 'begin immediate' : wanted;
      const known = statements.get(text);
      if (known) return known;
      const prepared = toStatement(
        path,
        onDisk(path, () => database.prepare(text)),
      );
      const made = text === 'rollback' ? toRollback(database, prepared) : prepared;
      statements.set(text, made);
      return made;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}
