import { chmod, chown, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { loadAgentConfig } from './load.ts';
import { clearPollingToken, savePollingToken } from './polling-token.ts';

const files = systemFiles;
const TOKEN = '0e12'.repeat(16);
const TEXT =
  '# host amber\nserver: {bind: 0.0.0.0}   # all\n\nenrollment:\n  manager_url: "https://m.test" # main\n# end\n';

describe('the polling token', () => {
  it('is written into the file without touching another line, and leaves no trace when cleared', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    await writeFile(path, TEXT, { mode: 0o600 });
    await savePollingToken({ files, path, token: TOKEN });
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.toSpliced(5, 1).join('\n')).toBe(TEXT);
    expect((await loadAgentConfig({ files, path, root: '/' })).enrollment.polling_token).toBe(TOKEN);
    await clearPollingToken({ files, path });
    expect(await readFile(path, 'utf8')).toBe(TEXT);
    expect(await readdir(folder.path)).toEqual(['config.yaml']);
  });

  it('can be written into a file that holds nothing', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    await writeFile(path, '');
    await savePollingToken({ files, path, token: TOKEN });
    await clearPollingToken({ files, path });
    expect((await loadAgentConfig({ files, path, root: '/' })).enrollment.polling_token).toBeUndefined();
  });

  it.each([
    [0o600, 0o600],
    [0o640, 0o640],
    [0o660, 0o660],
    [0o644, 0o640],
    [0o604, 0o600],
    [0o666, 0o640],
  ])('turns a file of mode %o into mode %o', async (before, after) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    await writeFile(path, TEXT);
    await chmod(path, before);
    await savePollingToken({ files, path, token: TOKEN });
    expect((await stat(path)).mode & 0o777).toBe(after);
  });

  it('keeps the owner of the file', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    await writeFile(path, TEXT);
    await chown(path, 1, 2);
    await savePollingToken({ files, path, token: TOKEN });
    expect(await stat(path)).toMatchObject({ uid: 1, gid: 2 });
  });

  it('is not written into a file that is absent or broken', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    await expect(savePollingToken({ files, path, token: TOKEN })).rejects.toThrow(/does not exist/);
    await writeFile(path, 'enrollment: [\n');
    const failure: unknown = await savePollingToken({ files, path, token: TOKEN }).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).toContain('not valid YAML');
    expect(String(failure)).not.toContain(TOKEN);
    expect(await readFile(path, 'utf8')).toBe('enrollment: [\n');
  });
});
