import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { readJoinString } from './join-string.ts';

const NOBODY = 65_534;
/** Not a join string: what is read at all is refused for its form. */
const READ = /is not|has no|must/;

async function outcomeOf(arrange: (folder: string, path: string) => Promise<unknown>): Promise<string> {
  await using outer = await temporaryFolder();
  const folder = join(outer.path, 'join.d');
  await mkdir(folder, { mode: 0o755 });
  const path = join(folder, 'join');
  await writeFile(path, 'no join string, but a secret all the same', { mode: 0o600 });
  await arrange(folder, path);
  const places = { configured: path, credential: undefined, dropIn: '/nonexistent' };
  return readJoinString(systemFiles, places).then(
    () => 'used',
    (error: Error) => error.message,
  );
}

describe('the file with the join string', () => {
  it('is read when it is private and of root, in a folder of root', async () => {
    expect(await outcomeOf(async () => {})).toMatch(READ);
  });

  it('is read in a folder of all where nobody can replace the files of others', async () => {
    expect(await outcomeOf((folder) => chmod(folder, 0o1777))).toMatch(READ);
  });

  it.each([
    [
      'of another owner',
      (_: string, path: string) => chown(path, NOBODY, 0),
      /belongs to user 65534.*chown root/,
    ],
    [
      'that others can read',
      (_: string, path: string) => chmod(path, 0o640),
      /others can read it.*chmod 600/,
    ],
    ['in a folder of another owner', (folder: string) => chown(folder, NOBODY, 0), /others can replace it/],
    ['in a folder that others can write', (folder: string) => chmod(folder, 0o777), /others can replace it/],
    [
      'that is a link',
      async (folder: string, path: string) => {
        await writeFile(`${folder}/real`, 'x', { mode: 0o600 });
        await systemFiles.remove(path);
        await symlink('real', path);
      },
      /a plain file is wanted/,
    ],
  ])('is refused with words when it is one %s', async (_what, arrange, words) => {
    const said = await outcomeOf(arrange);
    expect(said).toMatch(words);
    expect(said).not.toContain('secret all the same');
  });
});
