import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyFolder } from '../copy-folder.ts';
import { must, runProgram } from '../process.ts';

/** Makes a root with these files and an empty rpm database, or that of a root that is copied. */
export async function fillRpmRoot(
  folder: string,
  options: {
    /** Text by path below the root. */
    readonly files: Readonly<Record<string, string>>;
    readonly folders: readonly string[];
    readonly from?: string;
  },
): Promise<void> {
  if (options.from !== undefined) await copyFolder(options.from, folder);
  const files = { ...options.files, 'root/.rpmmacros': '%_dbpath /var/lib/rpm\n' };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  for (const name of ['var/lib/rpm', ...options.folders])
    await mkdir(join(folder, name), { recursive: true });
  if (options.from !== undefined) return;
  const env = { HOME: join(folder, 'root') };
  must(
    await runProgram('rpm', ['--dbpath', join(folder, 'var/lib/rpm'), '--initdb'], { env }),
    'rpm --initdb',
  );
}
