import {
  AbortedTransactionError,
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { endsSession, explain, uncertain } from './failures.ts';
import type { Liveness } from './liveness.ts';
import { storable } from './types.ts';

/** One session that writes, and some that only read. */
export interface Sessions {
  readonly writer: Pool;
  readonly readers: Pool;
  readonly liveness: Liveness;
  /** Told how each statement went. */
  readonly watch: { worked(): void; failed(error: unknown): void };
}

const CHANGES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'];

/** A statement whose kind nobody knows is taken for a change. */
function isRead({ query, sql }: CompiledQuery): boolean {
  return (
    query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*(select|explain)\s/i.test(sql))
  );
}

async function ask<Row>(session: PoolClient, { sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
  const { command, rowCount, rows } = await session.query<never>(sql, parameters.map(storable));
  return {
    rows,
    ...(CHANGES.includes(command) ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}),
  };
}

/**
 * What Kysely takes for a connection: a transaction has the session that writes for itself, any other statement has a
 * session of its kind while it is answered. So one change follows another, as in SQLite, and reading waits for none.
 */
class Connection implements DatabaseConnection {
  readonly #sessions: Sessions;
  #own: PoolClient | undefined;
  #broken = false;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const own = this.#own;
    if (own) return this.#try(() => ask<Row>(own, query));
    const { writer, readers } = this.#sessions;
    const isChange = !isRead(query);
    const session = await this.#connect(isChange ? writer : readers);
    this.#broken = false;
    try {
      return await this.#try(() => ask<Row>(session, query));
    } catch (error) {
      throw isChange && this.#broken ? uncertain(error) : error;
    } finally {
      session.release(this.#broken);
    }
  }

  streamQuery(): never {
    throw new Error('streams are not read from PostgreSQL');
  }

  async begin(): Promise<void> {
    this.#broken = false;
    this.#own = await this.#connect(this.#sessions.writer);
    await this.executeQuery(CompiledQuery.raw('begin'));
  }

  async commit(): Promise<void> {
    const own = this.#own;
    try {
      const result = await this.#sessions.liveness.answered(async () => own?.query('commit'));
      // A transaction in which a statement failed is taken back, and that is no error to the server.
      if (result?.command !== 'COMMIT') throw new AbortedTransactionError();
    } catch (error) {
      if (error instanceof AbortedTransactionError || !endsSession(error)) throw explain(error);
      this.#broken = true;
      this.#sessions.watch.failed(explain(error));
      throw uncertain(error);
    }
  }

  /** A session that cannot do it any more is closed, and the server does it then: why is what the work failed with. */
  async rollback(): Promise<void> {
    if (this.#broken) return;
    await this.#own?.query('rollback').catch(() => (this.#broken = true));
  }

  release(): void {
    this.#own?.release(this.#broken);
    this.#own = undefined;
  }

  /** A session that comes when nobody waits for it any more is there for the next. */
  async #connect(pool: Pool): Promise<PoolClient> {
    let isLate = false;
    try {
      return await this.#try(async () => {
        const session = await pool.connect();
        if (isLate) session.release();
        return session;
      });
    } catch (error) {
      isLate = true;
      throw error;
    }
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    const { watch, liveness } = this.#sessions;
    try {
      const done = await liveness.answered(work);
      watch.worked();
      return done;
    } catch (error) {
      if (endsSession(error)) this.#broken = true;
      const failure = explain(error);
      watch.failed(failure);
      throw failure;
    }
  }
}

/** @throws nothing itself: the first statement connects */
export function createPostgresDriver(sessions: Sessions): Driver {
  const of = (connection: DatabaseConnection): Connection => {
    if (connection instanceof Connection) return connection;
    throw new TypeError('a connection of another driver');
  };
  return {
    init: async () => {},
    acquireConnection: async () => new Connection(sessions),
    beginTransaction: (connection) => of(connection).begin(),
    commitTransaction: (connection) => of(connection).commit(),
    rollbackTransaction: (connection) => of(connection).rollback(),
    releaseConnection: async (connection) => of(connection).release(),
    destroy: async () => {
      sessions.liveness[Symbol.dispose]();
      await Promise.all([sessions.writer.end(), sessions.readers.end()]);
    },
  };
}
