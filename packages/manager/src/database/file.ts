import type { Files } from '@linux-patch/runtime';

/**
 * Makes the database file when there is none, readable by its owner only: SQLite takes an empty file for an empty
 * database and keeps its mode. Returns whether it was made.
 * @throws Node's EACCES for one that may not be read, of which SQLite says the same as on a full disk
 */
export async function ensureDatabaseFile(files: Files, path: string): Promise<boolean> {
  if (await files.facts(path)) {
    await files.readPart(path, { offset: 0, maxBytes: 1 });
    return false;
  }
  await files.writeDurably({ path, data: '', mode: 0o600 });
  return true;
}
