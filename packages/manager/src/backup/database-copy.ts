import { DatabaseSync } from 'node:sqlite';
import { onDisk } from '../database/sqlite.ts';
import { unusable } from './manifest.ts';

/** What an archive says of the database in it. */
export interface DatabaseFacts {
  readonly schema: string;
  readonly hosts: number;
}

/**
 * Writes the database as it is at one instant into an empty file, while a manager may be writing: readers of a
 * write-ahead log hold nobody up (https://sqlite.org/lang_vacuum.html#vacuuminto).
 * @throws PatchError `DISK_FULL`
 */
export function copyDatabase(from: string, to: string): void {
  onDisk(to, () => {
    using database = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
    database.prepare('vacuum into ?').run(to);
  });
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
