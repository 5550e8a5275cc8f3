import { type Expression, type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';

/**
 * What SQLite and PostgreSQL say in different words, once for each; every other statement is the same for both.
 * @param db any database or transaction, also one whose tables are not known yet
 */
function isPostgres<Tables>(db: Kysely<Tables>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** The word of the dialect that is spoken. */
export function inDialect<T, Tables>(
  db: Kysely<Tables>,
  words: { readonly sqlite: T; readonly postgres: T },
): T {
  return isPostgres(db) ? words.postgres : words.sqlite;
}

/** A list of numbers for `in`, of any length: it is one parameter. */
export function numberList<Tables>(db: Kysely<Tables>, numbers: readonly number[]): RawBuilder<number> {
  const list = JSON.stringify(numbers);
  return inDialect(db, {
    sqlite: sql<number>`(select value from json_each(${list}))`,
    postgres: sql<number>`(select value::bigint from jsonb_array_elements_text(${list}::jsonb) as one (value))`,
  });
}

/** A list of texts for `in`, of any length. */
export function textList<Tables>(db: Kysely<Tables>, texts: readonly string[]): RawBuilder<string> {
  const list = JSON.stringify(texts);
  return inDialect(db, {
    sqlite: sql<string>`(select value from json_each(${list}))`,
    postgres: sql<string>`(select value from jsonb_array_elements_text(${list}::jsonb) as one (value))`,
  });
}

/** Rows of texts, of any number, for `from`: the n-th text of a row is `e.value->>n`. */
export function textRows<Tables>(
  db: Kysely<Tables>,
  rows: readonly (readonly string[])[],
): RawBuilder<unknown> {
  const list = JSON.stringify(rows);
  return inDialect(db, {
    sqlite: sql`json_each(${list}) as e`,
    postgres: sql`jsonb_array_elements(${list}::jsonb) as e (value)`,
  });
}

/** Whether a text fits a pattern, in which `*` is any characters, `?` is one, and everything else itself. */
export function fits<Tables>(
  db: Kysely<Tables>,
  text: Expression<string>,
  pattern: string,
): RawBuilder<boolean> {
  const like = pattern
    .replaceAll(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_');
  return inDialect(db, {
    sqlite: sql<boolean>`${text} glob ${pattern.replaceAll('[', '[[]')}`,
    postgres: sql<boolean>`${text} like ${like}`,
  });
}

/**
 * For `order by`: the order in which certificates came on record.
 * @param table the name it has in the query
 */
export function recordOrder<Tables>(db: Kysely<Tables>, table: string): RawBuilder<number> {
  return inDialect(db, { sqlite: sql.ref(`${table}.rowid`), postgres: sql.ref(`${table}.recorded`) });
}
