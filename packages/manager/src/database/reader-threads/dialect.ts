import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Reader } from './reader.ts';
import type { Readers } from './readers.ts';

class ReaderConnection implements DatabaseConnection {
  readonly reader: Reader;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  async executeQuery<R>({
    sql,
    parameters,
  }: {
    readonly sql: string;
    readonly parameters: readonly unknown[];
  }): Promise<QueryResult<R>> {
    return { rows: (await this.reader.ask({ sql, parameters })) as R[] };
  }

  streamQuery(): never {
    throw new Error('readers answer as a whole; read in pages');
  }
}

function readOnly(): never {
  throw new Error('readers have no transactions');
}

function driverOf(readers: Readers): Driver {
  return {
    async init() {},
    acquireConnection: async () => new ReaderConnection(await readers.take()),
    async releaseConnection(connection) {
      readers.giveBack((connection as ReaderConnection).reader);
    },
    beginTransaction: readOnly,
    commitTransaction: readOnly,
    rollbackTransaction: readOnly,
    destroy: () => readers.close(),
  };
}

class ReadersAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** SQLite for Kysely, on readers. */
export function readersDialect(readers: Readers): Dialect {
  return {
    createAdapter: () => new ReadersAdapter(),
    createDriver: () => driverOf(readers),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
