import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';

/** Told what becomes of changes. */
export interface ChangeListener {
  /** After each commit, with the tables whose rows it changed; of one that changed none it is told nothing. */
  committed(tables: ReadonlySet<string>): void;
  /** With what a statement or a commit failed with. */
  refused(error: unknown): void;
}

export const NOBODY_LISTENS: ChangeListener = { committed: () => {}, refused: () => {} };

/** Tells what a piece of work fails with. */
async function heard<T>(listener: ChangeListener, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    listener.refused(error);
    throw error;
  }
}

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
  readonly #listener: ChangeListener;
  /** Of the transaction that is under way. */
  #tables: Set<string> | undefined;

  constructor(own: DatabaseConnection, listener: ChangeListener) {
    this.own = own;
    this.#listener = listener;
  }

  async executeQuery<R>(
    query: CompiledQuery,
    options?: Parameters<DatabaseConnection['executeQuery']>[1],
  ): Promise<QueryResult<R>> {
    const result = await heard(this.#listener, () => this.own.executeQuery<R>(query, options));
    const table = writtenTable(query);
    if (table === undefined || result.numAffectedRows === 0n) return result;
    if (this.#tables) this.#tables.add(table);
    else this.#listener.committed(new Set([table]));
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
    if (isCommitted && tables && tables.size > 0) this.#listener.committed(tables);
  }
}

function toldDriver(driver: Driver, listener: ChangeListener): Driver {
  const of = (connection: DatabaseConnection): ToldConnection => {
    if (connection instanceof ToldConnection) return connection;
    throw new TypeError('a connection of another driver');
  };
  return {
    init: (options) => driver.init(options),
    acquireConnection: async (options) =>
      new ToldConnection(await driver.acquireConnection(options), listener),
    async beginTransaction(connection, settings) {
      await heard(listener, () => driver.beginTransaction(of(connection).own, settings));
      of(connection).begun();
    },
    async commitTransaction(connection) {
      await heard(listener, () => driver.commitTransaction(of(connection).own));
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

/** A database that says what was committed, and what was not, whoever did it: no feature has to remember to. */
export function toldDialect(dialect: Dialect, listener: ChangeListener): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => toldDriver(dialect.createDriver(), listener),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}
