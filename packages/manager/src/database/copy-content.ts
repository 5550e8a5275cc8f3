import { PatchError } from '@linux-patch/contract';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { inDialect, recordOrder } from './dialect.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { ManagerTables } from './schema.ts';

type Table = keyof ManagerTables;
type Row = Readonly<Record<string, unknown>>;

/** Every table with content of its own, those that others refer to first. How many are revoked the database counts itself. */
const TABLES: readonly Table[] = [
  'settings',
  'hosts',
  'host_labels',
  'host_groups',
  'group_members',
  'saved_searches',
  'people',
  'package_versions',
  'enrollments',
  'join_tokens',
  'join_token_uses',
  'join_token_groups',
  'api_tokens',
  'role_bindings',
  'sessions',
  'recovery_codes',
  'passkeys',
  'certificates',
  'revocation_lists',
  'host_reports',
  'host_trust',
  'list_deliveries',
  'package_sets',
  'host_updates',
  'package_changes',
  'started_jobs',
  'host_jobs',
  'acts',
  'host_reboots',
  'fleet_daily',
  'audit',
];
const COUNTED: Table = 'revocation_count';
/** Tables whose keys the database itself goes on counting. */
const NUMBERED: readonly (readonly [Table, string])[] = [
  ['audit', 'seq'],
  ['package_versions', 'id'],
];

/** SQLite takes 32,766 values in a statement, and PostgreSQL 65,535. */
const MAX_VALUES = 30_000;
const MAX_ROWS = 500;

/** Columns by table. @throws Error for a table of which nobody said when it is copied */
async function columnsOf(db: Kysely<ManagerTables>): Promise<ReadonlyMap<string, readonly string[]>> {
  const tables = await db.introspection.getTables();
  const columns = new Map(tables.map(({ name, columns: all }) => [name, all.map((one) => one.name)]));
  const strange = [...columns.keys()].find((name) => ![...TABLES, COUNTED].includes(name as Table));
  if (strange !== undefined) throw new Error(`nobody said when the table ${strange} is copied`);
  return columns;
}

/** Part of a table. */
interface Part {
  readonly table: Table;
  readonly columns: readonly string[];
  /** Rows at a time. */
  readonly count: number;
}
type Rows = AsyncGenerator<readonly Row[]>;

/** SQLite numbers every row in the order in which it came. */
async function* readFile(own: Transaction<ManagerTables>, { table, columns, count }: Part): Rows {
  const wanted = sql.join(columns.map((name) => sql.ref(name)));
  for (let last = 0; ; ) {
    const { rows } = await sql<Row & { readonly row_number: number }>`
      select ${wanted}, rowid as row_number from ${sql.table(table)} where rowid > ${last} order by rowid limit ${count}
    `.execute(own);
    const newest = rows.at(-1);
    if (!newest) return;
    last = newest.row_number;
    yield rows.map(({ row_number: _, ...row }) => row);
  }
}

/** In the order in which they came, where anything asks for it later. */
function orderOf(own: Transaction<ManagerTables>, table: Table): RawBuilder<unknown> {
  const numbered = NUMBERED.find(([name]) => name === table);
  if (numbered) return sql`order by ${sql.ref(numbered[1])}`;
  return table === 'certificates' ? sql`order by ${recordOrder(own, table)}` : sql``;
}

async function* readServer(own: Transaction<ManagerTables>, { table, columns, count }: Part): Rows {
  const wanted = sql.join(columns.map((name) => sql.ref(name)));
  await sql`declare content no scroll cursor for
    select ${wanted} from ${sql.table(table)} ${orderOf(own, table)}`.execute(own);
  for (;;) {
    const { rows } = await sql<Row>`fetch forward ${sql.lit(count)} from content`.execute(own);
    if (rows.length === 0) break;
    yield rows;
  }
  await sql`close content`.execute(own);
}

async function goOnCounting(own: Transaction<ManagerTables>): Promise<void> {
  if (inDialect(own, { sqlite: true, postgres: false })) return;
  for (const [table, column] of NUMBERED)
    await sql`select setval(pg_get_serial_sequence(${table}, ${column}), (select coalesce(max(${sql.ref(column)}), 0) + 1 from ${sql.table(table)}), false)`.execute(
      own,
    );
}

/** Whether nothing was ever written there. */
export async function isUnused(db: Kysely<ManagerTables>): Promise<boolean> {
  for (const table of TABLES) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
    if (rows.length > 0) return false;
  }
  return true;
}

/** The hash of the newest record, which stands for all before it; undefined where there is none. */
export async function newestRecord(db: Kysely<ManagerTables>): Promise<string | undefined> {
  const row = await db.selectFrom('audit').select('hash').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.hash;
}

/** @throws PatchError `BACKUP_UNUSABLE` for a database that is not as this version makes it */
async function requireSameSchema(db: Kysely<ManagerTables>): Promise<void> {
  const { rows } = await sql<{ readonly name: string }>`select name from kysely_migration`.execute(db);
  const done = rows.map((row) => row.name);
  if (Object.keys(MIGRATIONS).every((name) => done.includes(name)) && done.every((name) => MIGRATIONS[name]))
    return;
  throw new PatchError(
    'BACKUP_UNUSABLE',
    'The database is of another version than this program. Nothing was changed. Start the manager of this version once, which brings the database up to date, then do it again.',
  );
}

/**
 * Copies everything that a manager knows from one database into another that is unused, whatever kind each is: all of
 * it as it is at one moment, or nothing.
 * @throws PatchError `BACKUP_UNUSABLE` for a database of another version of the program
 */
export async function copyContent(from: Kysely<ManagerTables>, to: Kysely<ManagerTables>): Promise<void> {
  await requireSameSchema(from);
  const read = inDialect(from, { sqlite: readFile, postgres: readServer });
  const columns = await columnsOf(to);
  const given = await columnsOf(from);
  await from.transaction().execute(async (source) => {
    if (inDialect(source, { sqlite: false, postgres: true }))
      await sql`set transaction isolation level repeatable read, read only`.execute(source);
    await to.transaction().execute(async (target) => {
      for (const table of TABLES) {
        const common = (columns.get(table) ?? []).filter((name) => given.get(table)?.includes(name));
        const count = Math.min(MAX_ROWS, Math.floor(MAX_VALUES / common.length));
        for await (const rows of read(source, { table, columns: common, count }))
          await target
            .insertInto(table)
            .values(rows as never)
            .execute();
      }
      await goOnCounting(target);
    });
  });
}
