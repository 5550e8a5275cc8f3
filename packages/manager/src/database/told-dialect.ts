import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';

/** Told, after each commit, of the tables whose rows it changed; of one that changed none it is told nothing. */
export type OnCommit = (tables: ReadonlySet<string>) => void;

function tableIn(node: unknown): string | undefined {
  const { table } = (node ?? {}) as { readonly table?: { readonly identifier?: { readonly name: string } } };
  return table?.identifier?.name;
}

/** The table that a statement writes to; undefined of one that writes to none, and of one written by hand. */
function writtenTable({ query }: CompiledQuery): string | undefined {
  if (query.kind === 'InsertQueryNode') return tableIn(query.into);
  if (query.kind === 'UpdateQueryNode') return tableIn(query.table);
  if (query.kind === 'DeleteQueryNode') return tableIn(query.from.froms[0]);
  return undefined;
}

class ToldConnection implements DatabaseConnection {
  readonly own: DatabaseConnection;
  readonly #tell: OnCommit;
  /** Of the transaction that is under way. */
  #tables: Set<string> | undefined;

  constructor(own: DatabaseConnection, tell: OnCommit) {
    this.own = own;
    this.#tell = tell;
  }

  async executeQuery<R>(
    query: CompiledQuery,
    options?: Parameters<DatabaseConnection['executeQuery']>[1],
  ): Promise<QueryResult<R>> {
    const result = await this.own.executeQuery<R>(query, options);
    const table = writtenTable(query);
    if (table === undefined || result.numAffectedRows === 0n) return result;
    if (this.#tables) this.#tables.add(table);
    else this.#tell(new Set([table]));
    return result;
  }

  streamQuery<R>(
    ...asked: Parameters<DatabaseConnection['streamQuery']>
  ): AsyncIterableIterator<QueryResult<R>> {
    return this.own.streamQuery<R>(...asked);
  }

  begun(): void {
    this.#tables = new Set();
  }

  ended({ isCommitted }: { readonly isCommitted: boolean }): void {
    const tables = this.#tables;
    this.#tables = undefined;
    if (isCommitted && tables && tables.size > 0) this.#tell(tables);
  }
}

function toldDriver(driver: Driver, tell: OnCommit): Driver {
  const of = (connection: DatabaseConnection): ToldConnection => {
    if (connection instanceof ToldConnection) return connection;
    throw new TypeError('a connection of another driver');
  };
  return {
    init: (options) => driver.init(options),
    acquireConnection: async (options) => new ToldConnection(await driver.acquireConnection(options), tell),
    async beginTransaction(connection, settings) {
      await driver.beginTransaction(of(connection).own, settings);
      of(connection).begun();
    },
    async commitTransaction(connection) {
      await driver.commitTransaction(of(connection).own);
      of(connection).ended({ isCommitted: true });
    },
    async rollbackTransaction(connection) {
      of(connection).ended({ isCommitted: false });
      await driver.rollbackTransaction(of(connection).own);
    },
    releaseConnection: (connection, options) => driver.releaseConnection(of(connection).own, options),
    destroy: (options) => driver.destroy(options),
  };
}

/** A database that says what was committed, whoever did it: no feature has to remember to. */
export function toldDialect(dialect: Dialect, tell: OnCommit): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => toldDriver(dialect.createDriver(), tell),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}
