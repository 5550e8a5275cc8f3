import type { Files } from '@linux-patch/runtime';

/**
 * Makes the database file when there is none, readable by its owner only: SQLite takes an empty file for an empty
 * database and keeps its mode. Returns whether it was made.
 */
export async function ensureDatabaseFile(files: Files, path: string): Promise<boolean> {
  if (await files.facts(path)) return false;
  await files.writeDurably({ path, data: '', mode: 0o600 });
  return true;
}
