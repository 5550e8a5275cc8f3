import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../src/checkout.ts';
import { startManagerProcess } from '../src/manager-process.ts';

const FUNCTIONS = join(REPOSITORY, 'packaging/manager/functions.sh');

/** Runs a part of the maintainer scripts below another root. */
function runScript(what: string, root: string, env: Readonly<Record<string, string>> = {}): string {
  const script = [
    'set -e',
    `. ${FUNCTIONS}`,
    `ACCOUNT=nobody CONFIG=${root}/etc/linux_patch_manager DATA=${root}/var/lib/linux_patch_manager DEFAULT_FILE=${root}/etc/default/linux-patch-manager`,
    'systemd_runs() { false; }',
    'systemctl() { :; }',
    'getent() { false; }',
    'useradd() { echo "useradd $*"; }',
    'userdel() { :; }',
    what,
  ].join('\n');
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: { ...process.env, ...env } });
}

function purge(root: string, env: Readonly<Record<string, string>> = {}): string {
  return runScript('purge', root, env);
}

/** The commands that a script tells people to run, without those for the service. */
function commandsIn(said: string): string {
  const lines = said.split('\n').filter((line) => line.startsWith('  '));
  return lines.filter((line) => !line.includes('systemctl')).join('\n');
}

async function keptIn(root: string): Promise<string[]> {
  const names = await readdir(join(root, 'var/lib')).catch(() => []);
  return names.filter((name) => name !== 'linux_patch_manager');
}

describe('a purge of the manager', () => {
  it('keeps keys, database and configuration where only root finds them, and says where', async () => {
    await using folder = await temporaryFolder();
    const root = folder.path;
    const { caFingerprint } = await startManagerProcess(root).then(async (manager) => {
      await manager[Symbol.asyncDispose]();
      return manager;
    });
    const data = join(root, 'var/lib/linux_patch_manager');
    const key = await readFile(join(data, 'ca/root.key.pem'), 'utf8');
    const config = await readFile(join(root, 'etc/linux_patch_manager/config.yaml'), 'utf8');
    execFileSync('chown', ['-R', 'nobody:nogroup', data]);
    const said = purge(root);
    const [name = '', ...others] = await keptIn(root);
    expect([name, others]).toEqual([expect.stringMatching(/^linux_patch_manager\.kept-\d{8}T\d{6}Z$/), []]);
    const kept = join(root, 'var/lib', name);
    expect(said).toContain(kept);
    expect((await stat(kept)).mode & 0o777).toBe(0o700);
    expect((await stat(kept)).uid).toBe(0);
    expect(await readFile(join(kept, 'ca/root.key.pem'), 'utf8')).toBe(key);
    const keptConfig = join(kept, 'purged-configuration/linux_patch_manager/config.yaml');
    expect(await readFile(keptConfig, 'utf8')).toBe(config);
    await expect(stat(data)).rejects.toThrow('ENOENT');
    await expect(stat(join(root, 'etc/linux_patch_manager'))).rejects.toThrow('ENOENT');

    // Whoever installs again is told the same commands instead of "init"; with them, the fleet is there again.
    const installed = runScript('after_install first', root);
    expect(installed).toContain(kept);
    expect(installed).not.toContain('init --url');
    expect(installed).toMatch(/^useradd --system --user-group .* nobody$/m);
    expect(commandsIn(installed)).toBe(commandsIn(said));
    execFileSync('/bin/sh', ['-ec', commandsIn(installed)]);
    expect(await readFile(join(root, 'etc/linux_patch_manager/config.yaml'), 'utf8')).toBe(config);
    await using again = await startManagerProcess(root);
    expect(again.caFingerprint).toBe(caFingerprint);
  });

  it('removes everything when there is no authority, and when that was asked for', async () => {
    for (const asked of ['nothing there', 'environment', 'file']) {
      await using folder = await temporaryFolder();
      const root = folder.path;
      await mkdir(join(root, 'etc/linux_patch_manager'), { recursive: true });
      await mkdir(join(root, 'var/lib/linux_patch_manager/ca'), { recursive: true });
      if (asked !== 'nothing there')
        await writeFile(join(root, 'var/lib/linux_patch_manager/ca/root.key.pem'), 'a key');
      if (asked === 'file') await writeFile(join(root, 'etc/linux_patch_manager/purge-everything'), '');
      purge(root, asked === 'environment' ? { LINUX_PATCH_MANAGER_PURGE: 'everything' } : {});
      expect([asked, await readdir(join(root, 'var/lib')), await readdir(join(root, 'etc'))]).toEqual([
        asked,
        [],
        [],
      ]);
    }
  });
});
