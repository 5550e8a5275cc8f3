import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';
import type { ManagerPaths } from '../config/paths.ts';

const LastBackup = z.strictObject({ v: z.literal(1), made_at: z.iso.datetime() });
type Place = Pick<ManagerPaths, 'lastBackup'>;

/** Notes that a backup was made, as the user to whom the data folder belongs. */
export function noteBackup(files: Files, { lastBackup }: Place, madeAt: string): Promise<void> {
  const note: z.output<typeof LastBackup> = { v: 1, made_at: madeAt };
  return files.writeDurably({ path: lastBackup, data: `${JSON.stringify(note)}\n`, mode: 0o600 });
}

/** When the last one was made, ISO 8601; undefined when none is noted, or nobody can read what was. */
export async function readLastBackup(files: Files, { lastBackup }: Place): Promise<string | undefined> {
  const text = await files.readTextLimited(lastBackup, 1_000);
  try {
    return text === undefined ? undefined : LastBackup.parse(JSON.parse(text)).made_at;
  } catch {
    return undefined;
  }
}
