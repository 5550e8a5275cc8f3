import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgramResult } from '../process.ts';
import { giveTo, rootOf, runAs, USERS, type User } from './lab-users.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from './private-root.ts';
import { buildToyRepository, type ToyRepository } from './repository.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let before: ToyRepository;
let after: ToyRepository;
let hostBefore: string;
let roots = 0;

/** With these ischroot(1) says yes. */
const CHROOTED = { FAKECHROOT: 'true', FAKECHROOT_BASE: '/', LD_PRELOAD: 'libfakechroot.so' };

/** What of the machine must not change: its package database, and any file of a toy package. */
function hostState(): string {
  const hash = createHash('sha256').update(readFileSync('/var/lib/dpkg/status')).digest('hex');
  const toys = ['/usr/share', '/etc', '/run', '/tmp', '/var/lib/dpkg/info'].flatMap((path) =>
    readdirSync(path).filter((name) => /^toy[a-z]|^reboot-required/.test(name)),
  );
  const lists = existsSync('/var/lib/apt/lists') ? readdirSync('/var/lib/apt/lists') : [];
  return JSON.stringify([hash, toys, lists]);
}

beforeAll(async () => {
  hostBefore = hostState();
  folder = await temporaryFolder();
  chmodSync(folder.path, 0o755);
  before = await buildToyRepository({ folder: join(folder.path, 'before') });
  after = await buildToyRepository({ folder: join(folder.path, 'after') });
  await after.publishUpdates();
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Host {
  readonly root: PrivateAptRoot;
  readonly run: PrivateAptRoot['run'];
  apt(...args: string[]): Promise<ProgramResult>;
  /** Like `apt`, and the test fails when apt does. */
  does(...args: string[]): Promise<string>;
  versions(): Promise<string>;
}

/** A fresh root of `user` with `packages` in their old version, which then sees the updates. */
async function hostOf(user: User, ...packages: readonly string[]): Promise<Host> {
  const path = join(folder.path, `root${(roots += 1)}`);
  const root = await createPrivateAptRoot({ folder: path, repository: after });
  const run = await rootOf(user, root);
  const apt: Host['apt'] = (...args) => run('apt-get', ['-y', '-q', ...args]);
  const does: Host['does'] = async (...args) => {
    const result = await apt(...args);
    expect(result.exitCode, result.stderr).toBe(0);
    return result.stdout;
  };
  await does('update', '-o', 'APT::Update::Error-Mode=any');
  if (packages.length > 0) await does('install', ...packages.map((name) => `${name}=1.0-1`));
  const versions = async (): Promise<string> =>
    (await run('dpkg-query', ['-W', '-f', '${Package} ${Version} ${db:Status-Abbrev}\n'])).stdout;
  return { root, run, apt, does, versions };
}

describe.each(USERS)('a private root of %s', (user) => {
  it('installs, upgrades from both suites, removes and purges', async () => {
    const host = await hostOf(user, 'toyhello', 'toylib', 'toyapp');
    await host.does('upgrade');
    expect(await host.versions()).toBe('toyapp 1.2-1 ii \ntoyhello 1.1-1 ii \ntoylib 1.0-1+deb12u1 ii \n');
    expect(await readFile(join(host.root.folder, 'usr/share/toyhello/version'), 'utf8')).toBe('1.1-1\n');
    await host.does('remove', 'toyhello');
    await host.does('purge', 'toylib');
    expect(await host.versions()).toBe('');
    expect(existsSync(join(host.root.folder, 'usr/share/toyhello'))).toBe(false);
  });

  it('keeps held packages back', async () => {
    const host = await hostOf(user, 'toyheld', 'toyhello');
    expect(await host.run('apt-mark', ['hold', 'toyheld'])).toMatchObject({ exitCode: 0 });
    expect((await host.run('apt-mark', ['showhold', 'toyheld'])).stdout).toBe('toyheld\n');
    expect(await host.does('upgrade')).toMatch(/kept back:\s+toyheld/);
    expect(await host.versions()).toBe('toyheld 1.0-1 hi \ntoyhello 1.1-1 ii \n');
  });

  it('keeps phased updates back', async () => {
    const host = await hostOf(user, 'toyphased');
    expect((await host.run('apt-cache', ['policy', 'toyphased'])).stdout).toContain('(phased 0%)');
    expect(await host.does('-s', 'upgrade')).not.toContain('Inst toyphased');
  });

  it('keeps them back even where apt could take itself for chrooted, as in a container', async () => {
    const host = await hostOf(user, 'toyphased');
    const env = { ...host.root.env, ...CHROOTED };
    const upgrade = (...more: string[]): Promise<ProgramResult> =>
      runAs(user, 'apt-get', ['-s', ...more, 'upgrade'], env);
    const taken = await upgrade('-o', 'Dir::Bin::ischroot=/usr/bin/ischroot');
    expect(taken.stdout, taken.stderr).toContain('Inst toyphased');
    const kept = await upgrade();
    expect(kept.stdout).toContain('0 upgraded');
    expect(kept.stdout).not.toContain('Inst toyphased');
  });

  it('reports a maintainer script that fails, and what is left of it', async () => {
    const host = await hostOf(user);
    const result = await host.apt('install', 'toybroken');
    expect(result.exitCode).toBe(100);
    expect(`${result.stdout}${result.stderr}`).toContain('this script fails on purpose');
    expect(await host.versions()).toBe('toybroken 1.0-1 iF \n');
    expect((await host.run('dpkg', ['--audit'])).stdout).toContain('toybroken');
    expect((await host.run('dpkg', ['--configure', '-a'])).exitCode).toBe(1);
  });

  it('lets a slow installation be watched, locked out of and let go', async () => {
    const host = await hostOf(user);
    const slow = host.does('install', 'toyslow');
    const status = join(host.root.folder, 'var/lib/dpkg/info/toyslow.postinst');
    await expect.poll(() => existsSync(status)).toBe(true);
    const second = await host.apt('install', 'toyhello');
    expect(second).toMatchObject({ exitCode: 100, stderr: expect.stringContaining('lock') as string });
    await writeFile(join(host.root.folder, 'tmp/toyslow-go'), '');
    await slow;
    expect(await host.versions()).toBe('toyslow 1.0-1 ii \n');
  });

  it('asks for a reboot after an update that needs one, inside the root', async () => {
    const host = await hostOf(user, 'toyreboot');
    const flag = join(host.root.folder, 'run/reboot-required');
    expect(existsSync(flag)).toBe(false);
    await host.does('upgrade');
    expect(existsSync(flag)).toBe(true);
    expect(await readFile(`${flag}.pkgs`, 'utf8')).toBe('toyreboot\n');
  });

  it('asks about a configuration file both sides changed, or keeps the old one when told so', async () => {
    const host = await hostOf(user, 'toyconf');
    const file = join(host.root.folder, 'etc/toyconf.conf');
    await writeFile(file, 'colour = green\n');
    const asked = await host.apt('upgrade');
    expect(asked.exitCode).toBe(100);
    expect(`${asked.stdout}${asked.stderr}`).toContain('conffile prompt');
    await host.run('dpkg', ['--force-confdef', '--force-confold', '--configure', '-a']);
    expect(await host.versions()).toBe('toyconf 1.1-1 ii \n');
    expect(await readFile(file, 'utf8')).toBe('colour = green\n');
    expect(await readFile(`${file}.dpkg-dist`, 'utf8')).toBe('colour = blue\n');
  });

  it('can be made by that user', async () => {
    const own = join(folder.path, `own-${user}`);
    await mkdir(own);
    await giveTo(user, own);
    const script = [
      `import { createPrivateAptRoot } from '${join(import.meta.dirname, 'private-root.ts')}';`,
      `const root = await createPrivateAptRoot({ folder: '${own}/root', repository: ${JSON.stringify(before)} });`,
      "await root.update(); await root.install(['toyhello']);",
      "process.stdout.write((await root.run('dpkg-query', ['-W'])).stdout);",
    ].join('\n');
    const result = await runAs(user, process.execPath, ['--input-type=module-typescript', '-e', script]);
    expect(result.stdout, result.stderr).toBe('toyhello\t1.0-1\n');
  });
});

describe('private roots', () => {
  it('do not disturb each other when they work at the same time', async () => {
    const [user] = USERS;
    const [first, second] = await Promise.all([hostOf(user, 'toyhello'), hostOf(user, 'toyheld')]);
    await Promise.all([first.does('upgrade'), second.does('install', 'toyconf')]);
    expect(await first.versions()).toBe('toyhello 1.1-1 ii \n');
    expect(await second.versions()).toBe('toyconf 1.1-1 ii \ntoyheld 1.0-1 ii \n');
  });

  it('have no path of apt outside the folder, programs aside', async () => {
    const { root } = await hostOf(USERS[0]);
    const places = ['State', 'State::lists', 'State::status', 'Cache', 'Cache::archives', 'Log', 'Etc'];
    const files = ['Etc::sourcelist', 'Etc::sourceparts', 'Etc::main', 'Etc::parts', 'Etc::trustedparts'];
    const names = [...places, ...files, 'Etc::preferencesparts', 'Etc::netrcparts'];
    const args = ['shell', ...names.flatMap((name, index) => [`V${index}`, `Dir::${name}/f`])];
    const lines = (await root.run('apt-config', args)).stdout.trim().split('\n');
    expect(lines).toHaveLength(names.length);
    for (const line of lines) expect(line).toContain(`='${root.folder}/`);
  });

  it('say which system they are, and name their configuration', async () => {
    const { root } = await hostOf(USERS[0]);
    const release = await readFile(join(root.folder, 'etc/os-release'), 'utf8');
    expect(release).toMatch(/^ID=debian$/m);
    expect(release).toMatch(/^VERSION_ID="12"$/m);
    expect(root.env['APT_CONFIG']).toBe(root.aptConfigPath);
    expect(root.aptConfigPath.startsWith(`${root.folder}/`)).toBe(true);
  });

  it('leave the machine as it was', () => {
    expect(hostState()).toBe(hostBefore);
  });
});
