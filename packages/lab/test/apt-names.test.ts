import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from '../src/apt/private-root.ts';
import { createSigningKey } from '../src/apt/signing.ts';
import { publishSuite } from '../src/apt/suite.ts';
import { openOn, plainWish, quietRun } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;

/** A root with the old packages installed and the new ones offered. */
async function host(old: readonly ToyPackage[], next: readonly ToyPackage[], installed: readonly string[]) {
  const base = join(folder.path, crypto.randomUUID().slice(0, 8));
  const repository = join(base, 'repository');
  await mkdir(repository, { recursive: true });
  const key = await createSigningKey(new Date(Date.now() - DAY_MS));
  const keyringPath = join(repository, 'key.gpg');
  await writeFile(keyringPath, key.publicKeyring);
  const suite = { codename: 'bookworm', suite: 'stable', label: 'Debian' };
  const publish = (packages: readonly ToyPackage[], ageMs: number) =>
    publishSuite({ folder: repository, suite, packages, key, now: new Date(Date.now() - ageMs) });
  await publish(old, 60_000);
  const root = join(base, 'root');
  const source = { uri: `file:${repository}`, suites: ['bookworm'], keyringPath };
  const apt = await createPrivateAptRoot({ folder: root, repository: source });
  await apt.update();
  if (installed.length > 0) await apt.install(installed);
  await publish([...old, ...next], 30_000);
  await apt.update();
  return { packages: await openOn(root), apt, repository };
}

async function installedNames(apt: PrivateAptRoot): Promise<string[]> {
  const text = (await apt.run('dpkg-query', ['-W', '-f', '${Package}\\n'])).stdout;
  return text.split('\n').filter(Boolean);
}

const TOYS: readonly ToyPackage[] = [
  { name: 'toyhello', version: '1.0-1' },
  { name: 'toyhello2', version: '1.0-1' },
  { name: 'toy++', version: '1.0-1' },
  { name: 'toymail', version: '1.0-1', provides: 'mail-toy' },
];

describe('names that apt would read as something else', () => {
  let packages: PackageManager;
  let apt: PrivateAptRoot;
  // One host for all: none of what is refused may change anything.
  beforeAll(async () => {
    ({ packages, apt } = await host(TOYS, [], ['toyhello']));
  });

  it.each(['toyhello-', 'toyhello+', 'toyhell.', 'toyhel.+', 'toyhello:amd64-'])(
    'are unknown packages, and nothing changes: %s',
    async (name) => {
      const install = (more: readonly { name: string }[]) =>
        packages.operations.install({ ...plainWish, packages: [...more, { name }] }, quietRun());
      await expect(install([])).rejects.toMatchObject({
        code: 'PKG_NOT_FOUND',
        message: expect.stringContaining(name),
      });
      await expect(install([{ name: 'toymail' }])).rejects.toMatchObject({ code: 'PKG_NOT_FOUND' });
      await expect(
        packages.operations.remove({ name, purge: false, force: false }, quietRun()),
      ).rejects.toMatchObject({ code: 'PKG_NOT_FOUND' });
      expect(await installedNames(apt)).toEqual(['toyhello']);
    },
  );

  it.each(['1.0-', '1.0-1-', '1.0-1+'])('are no versions either: %s', async (version) => {
    await expect(
      packages.operations.install({ ...plainWish, packages: [{ name: 'toyhello', version }] }, quietRun()),
    ).rejects.toMatchObject({ code: 'VERSION_NOT_AVAILABLE' });
    expect(await installedNames(apt)).toEqual(['toyhello']);
  });

  it('do not keep real names with such characters from working', async () => {
    const fresh = await host(TOYS, [], []);
    await fresh.packages.operations.install(
      { ...plainWish, packages: [{ name: 'toy++' }, { name: 'mail-toy' }, { name: 'toyhello:amd64' }] },
      quietRun(),
    );
    expect(await installedNames(fresh.apt)).toEqual(['toy++', 'toyhello', 'toymail']);
    await fresh.packages.operations.remove({ name: 'toy++', purge: false, force: false }, quietRun());
    expect(await installedNames(fresh.apt)).toEqual(['toyhello', 'toymail']);
  });
});

describe('updates that cannot be installed now', () => {
  it('are listed, because a fix that nobody sees is a fix that nobody asks for', async () => {
    const { packages } = await host(
      [...TOYS, { name: 'toykept', version: '1.0-1' }],
      [
        { name: 'toykept', version: '1.1-1', depends: 'toynowhere' },
        { name: 'toyhello', version: '1.1-1' },
      ],
      ['toykept', 'toyhello'],
    );
    const { patches } = await packages.inventory.listPatches();
    expect(patches.map((one) => [one.name, one.current_version, one.available_version])).toEqual([
      ['toyhello', '1.0-1', '1.1-1'],
      ['toykept', '1.0-1', '1.1-1'],
    ]);
    const all = { selection: { kind: 'all' as const }, exclude: [] };
    const { results } = await packages.operations.applyPatches(all, quietRun());
    expect(results.map((one) => [one.name, one.action])).toEqual([
      ['toyhello', 'upgraded'],
      ['toykept', 'unchanged'],
    ]);
    const named = {
      selection: { kind: 'names' as const, names: ['toykept'], securityOnly: false },
      exclude: [],
    };
    await expect(packages.operations.applyPatches(named, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
    });
  });
});

describe('a repair that does not succeed', () => {
  it('does not keep a job from removing the package that is in the way', async () => {
    const { packages, apt, repository } = await host(
      [{ name: 'toyneedy', version: '1.0-1', depends: 'toynowhere' }, ...TOYS],
      [],
      ['toyhello'],
    );
    const pool = (await readdir(repository, { recursive: true })).find((path) =>
      /toyneedy.*\.deb$/.test(path),
    );
    await apt.run('dpkg', ['--unpack', join(repository, pool ?? '')]);
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    const lines: string[] = [];
    expect(await packages.operations.repair(quietRun({ onLine: (line) => lines.push(line) }))).toBe(false);
    expect(lines.join('\n')).toContain('Still not configured: toyneedy');
    await packages.operations.remove({ name: 'toyneedy', purge: true, force: false }, quietRun());
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
  });
});
