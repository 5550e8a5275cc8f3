import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { addAllowListEntry } from './add-entry.ts';
import { parseAllowList } from './parse.ts';

const doors = { files: systemFiles, clock: systemClock };

describe('an entry added to the allow list', () => {
  it('makes the file when it is absent, closed to others', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'etc', 'whitelist.yaml');
    expect(await addAllowListEntry({ ...doors, path, entry: 'fd00::1' })).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(parseAllowList(await readFile(path, 'utf8'), path)).toHaveLength(1);
    expect(await readdir(join(folder.path, 'etc'))).toEqual(['whitelist.yaml']);
  });

  it('keeps comments, order, quoting and mode', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'whitelist.yaml');
    const before = "# managers\nentries:\n    - '10.0.0.1'   # old one\n    # - 10.0.0.3\n";
    await writeFile(path, before);
    await chmod(path, 0o604);
    await addAllowListEntry({ ...doors, path, entry: '10.0.0.2' });
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines[3]).toBe('    - 10.0.0.2');
    expect(lines.toSpliced(3, 1).join('\n')).toBe(before);
    expect((await stat(path)).mode & 0o777).toBe(0o604);
  });

  it.each(['10.0.0.1', ' 10.0.0.1', '::ffff:10.0.0.1', 'FD00:0::1', 'Manager.Test.', '10.0.0.0/8'])(
    'is not added when %j is there already',
    async (entry) => {
      await using folder = await temporaryFolder();
      const path = join(folder.path, 'whitelist.yaml');
      await writeFile(path, 'entries: [10.0.0.1, "fd00::1", manager.test, 10.0.0.0/8]\n');
      const { mtimeMs, ino } = await stat(path);
      expect(await addAllowListEntry({ ...doors, path, entry })).toBe(false);
      expect(await stat(path)).toMatchObject({ mtimeMs, ino });
    },
  );

  it('is added beside a range that covers it, and to a file of comments', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'whitelist.yaml');
    await writeFile(path, '# nobody yet\n');
    expect(await addAllowListEntry({ ...doors, path, entry: '10.0.0.0/8' })).toBe(true);
    expect(await addAllowListEntry({ ...doors, path, entry: '10.0.0.1' })).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('# nobody yet\nentries:\n  - 10.0.0.0/8\n  - 10.0.0.1\n');
  });

  it('loses nothing of others added at the same time', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'whitelist.yaml');
    const entries = Array.from({ length: 12 }, (_, index) => `10.0.0.${index}`);
    await Promise.all(entries.map((entry) => addAllowListEntry({ ...doors, path, entry })));
    expect(parseAllowList(await readFile(path, 'utf8'), path)).toHaveLength(entries.length);
    expect(await readdir(folder.path)).toEqual(['whitelist.yaml']);
  });

  it('is not held up by what a crash left behind', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'whitelist.yaml');
    const lock = join(folder.path, '.whitelist.yaml.locked');
    await mkdir(lock);
    await utimes(lock, 0, 0);
    await writeFile(`${path}.lock`, '');
    await writeFile(join(folder.path, 'whitelist.tmp'), '');
    expect(await addAllowListEntry({ ...doors, path, entry: '10.0.0.1' })).toBe(true);
    expect((await readdir(folder.path)).sort()).toEqual([
      'whitelist.tmp',
      'whitelist.yaml',
      'whitelist.yaml.lock',
    ]);
  });

  it('stops waiting for another writer when it is told to', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'whitelist.yaml');
    await mkdir(join(folder.path, '.whitelist.yaml.locked'));
    const stopping = new AbortController();
    const adding = addAllowListEntry({ ...doors, path, entry: '10.0.0.1', signal: stopping.signal });
    stopping.abort(new Error('the agent stops'));
    await expect(adding).rejects.toThrow('the agent stops');
    expect(await readdir(folder.path)).toEqual(['.whitelist.yaml.locked']);
  });

  it('that is not valid, or for a file that is not, writes nothing', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'whitelist.yaml');
    await expect(addAllowListEntry({ ...doors, path, entry: '10.0.0.256' })).rejects.toThrow(
      /must be an IPv4/,
    );
    expect(await readdir(folder.path)).toEqual([]);
    await writeFile(path, 'entries: [oops!]\n');
    await expect(addAllowListEntry({ ...doors, path, entry: '10.0.0.1' })).rejects.toThrow(
      /:1:11 entries\.0/,
    );
    expect(await readFile(path, 'utf8')).toBe('entries: [oops!]\n');
    expect(await readdir(folder.path)).toEqual(['whitelist.yaml']);
  });
});
