import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MINUTE_MS } from '@linux-patch/contract';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { readJobSettings } from './job-settings.ts';

/** What counts where `config.yaml` holds this; undefined for no file. */
async function settingsOf(text: string | undefined, mode = 0o600) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'config.yaml');
  if (text !== undefined) {
    await writeFile(path, text);
    await chmod(path, mode);
  }
  return await readJobSettings({ files: systemFiles, root: '/host', path });
}

const USUAL = {
  requireAllSources: false,
  timeoutMs: 30 * MINUTE_MS,
  storagePath: '/host/var/lib/linux_patch_api/jobs',
};
const STRICTEST = { ...USUAL, requireAllSources: true };

describe('how jobs are done on this host', () => {
  it('is as usual where root has written nothing about it', async () => {
    expect(await settingsOf(undefined)).toEqual(USUAL);
    expect(await settingsOf('server: { port: 12443 }\nsomething: new\n')).toEqual(USUAL);
  });

  it('is what root has written', async () => {
    const text =
      'jobs: { timeout_minutes: 5, storage_path: /data/jobs }\npackage_manager: { require_all_sources: true }\n';
    expect(await settingsOf(text)).toEqual({
      requireAllSources: true,
      timeoutMs: 5 * MINUTE_MS,
      storagePath: '/data/jobs',
    });
  });

  it.each([
    ['a value that cannot be', 'jobs: { timeout_minutes: 0 }\n', 0o600, /timeout_minutes/],
    ['no YAML', 'jobs: [\n', 0o600, /config\.yaml/],
    ['a file that others can change', 'jobs: { timeout_minutes: 600 }\n', 0o666, /config\.yaml/],
  ])('is the strictest, with the reason, for %s', async (_what, text, mode, words) => {
    const { fault, ...settings } = await settingsOf(text, mode);
    expect(settings).toEqual(STRICTEST);
    expect(fault).toMatch(words);
    expect(fault).toMatch(
      /until that is mended, updates are applied only when every source could be refreshed/,
    );
  });
});
