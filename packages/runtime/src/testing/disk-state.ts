import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

function whatIsAt(path: string): string | Buffer {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return readlinkSync(path);
  return stats.isFile() ? readFileSync(path) : '';
}

/** Everything that a process of after a crash could find below a folder: names, kinds, owners, modes, contents, where links lead. */
export function diskState(folder: string): string {
  const hash = createHash('sha256');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const name of names.sort()) {
    const path = join(folder, name);
    const { mode, uid, gid, nlink } = lstatSync(path);
    hash
      .update(JSON.stringify([name, mode, uid, gid, nlink]))
      .update(whatIsAt(path))
      .update('\n');
  }
  return hash.digest('base64');
}
