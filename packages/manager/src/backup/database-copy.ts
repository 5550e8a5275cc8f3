import { DatabaseSync } from 'node:sqlite';
import type { Files, Logger } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { ManagerConfig } from '../config/schema.ts';
import { copyContent, isUnused, newestRecord } from '../database/copy-content.ts';
import { openDatabase } from '../database/open.ts';
import { onDisk } from '../database/sqlite.ts';
import { unusable } from './manifest.ts';

/** What an archive says of the database in it. */
export interface DatabaseFacts {
  readonly schema: string;
  readonly hosts: number;
}

/** Which database a configuration means, and where its file is when it says nothing. */
export interface DatabaseChoice {
  readonly files: Files;
  readonly paths: Pick<ManagerPaths, 'database'>;
  readonly config: Pick<ManagerConfig, 'database'>;
}

/** The file of SQLite; undefined for a database of PostgreSQL. */
export function databaseFile({ config, paths }: Omit<DatabaseChoice, 'files'>): string | undefined {
  return config.database.url ? undefined : (config.database.path ?? paths.database);
}

/** Loaded when wanted: with SQLite the manager does without. */
async function reachServer({ files, config }: DatabaseChoice) {
  const { url, password_file: passwordFile } = config.database;
  if (!url) throw new Error('the configuration names no server');
  const { postgresAccess } = await import('../database/postgres/access.ts');
  const { openBesideManager, openPostgres } = await import('../database/postgres/open.ts');
  return {
    shown: url.shown,
    access: await postgresAccess(files, url, passwordFile),
    openBesideManager,
    openPostgres,
  };
}

/**
 * Writes the database as it is at one instant into an empty file of SQLite, while a manager may be writing: readers of
 * a write-ahead log hold nobody up (https://sqlite.org/lang_vacuum.html#vacuuminto), and neither does a transaction of
 * PostgreSQL that only reads.
 * @throws PatchError `DISK_FULL`, `DATABASE_UNAVAILABLE`
 */
export async function copyDatabase(choice: DatabaseChoice, to: string): Promise<void> {
  const from = databaseFile(choice);
  if (from === undefined) {
    const { access, openBesideManager } = await reachServer(choice);
    await using server = openBesideManager(access);
    await using file = await openDatabase(to);
    await copyContent(server.db, file.db);
    return;
  }
  onDisk(to, () => {
    using database = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
    database.prepare('vacuum into ?').run(to);
  });
}

/**
 * Puts what a file of SQLite holds into the database of PostgreSQL that the configuration names, all of it or nothing.
 * One that holds the same already, after a try that ended behind it, stays as it is.
 * @throws PatchError `BACKUP_UNUSABLE` when a manager used it before, `INSTANCE_RUNNING`, `CONFIG_INVALID`
 */
export async function fillServer(choice: DatabaseChoice, from: string, logger: Logger): Promise<void> {
  const { access, openPostgres, shown } = await reachServer(choice);
  await using file = await openDatabase(from);
  await using server = await openPostgres(access, logger);
  if (await isUnused(server.db)) {
    await copyContent(file.db, server.db);
    return;
  }
  const newest = await newestRecord(server.db);
  if (newest !== undefined && newest === (await newestRecord(file.db))) return;
  throw unusable(
    `The database ${shown} holds what another manager knows. Name an empty one in database.url: createdb --encoding=UTF8 --template=template0 NAME.`,
  );
}

/**
 * Looks through a whole copy.
 * @throws PatchError `BACKUP_UNUSABLE` when it is damaged, or no database of a manager
 */
export function inspectDatabase(path: string): DatabaseFacts {
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const [check] = database.prepare('pragma quick_check(1)').all();
    if (check?.quick_check !== 'ok') throw new Error(String(check?.quick_check));
    const last = database.prepare('select max(name) as name from kysely_migration').get();
    const hosts = database.prepare('select count(*) as hosts from hosts where left_at is null').get();
    return { schema: String(last?.name), hosts: Number(hosts?.hosts) };
  } catch (error) {
    throw unusable(`The database ${path} is damaged, or not that of a manager: ${String(error)}.`, error);
  }
}

/** Nobody is signed in with a copy: sessions that were ended after it was made would count again. */
export function forgetSessions(path: string): void {
  onDisk(path, () => {
    using database = new DatabaseSync(path);
    // Earlier versions knew no people.
    const table = database.prepare(`select name from sqlite_master where name = 'sessions'`).get();
    if (table) database.exec('delete from sessions');
  });
}
