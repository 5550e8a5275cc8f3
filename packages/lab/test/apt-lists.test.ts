import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPackageCache } from '../../worker/src/lists/cache-state.ts';
import { quietRun, toy } from './apt-bench.ts';
import { aptList, ourList, situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('lists', () => {
  const plain = () =>
    situation(folder.path, { published: { main: [toy('toyssl', '1')] }, installed: ['toyssl'] });

  it('that are not there are an error with its own words, never "no updates"', async () => {
    const host = await plain();
    await rm(join(host.root, 'var/lib/apt/lists'), { recursive: true });
    await expect(host.packages.inventory.listPatches()).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('ever downloaded'),
    });
    expect(await host.packages.inventory.listPackages()).toMatchObject([
      { name: 'toyssl', status: 'installed', latest_version: null },
    ]);
    await expect(
      host.packages.operations.applyPatches({ selection: { kind: 'all' }, exclude: [] }, quietRun()),
    ).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    await rm(join(host.root, 'etc/apt/sources.list.d/lab.sources'));
    await expect(host.packages.inventory.listPatches()).rejects.toMatchObject({
      message: expect.stringContaining('no package source'),
    });
  });

  it('of a mirror that stands still for 200 days are not fresh, though it answers well', async () => {
    const { packages, root } = await situation(folder.path, {
      published: { main: [toy('toyssl', '1')], security: [toy('toyssl', '1')] },
      installed: ['toyssl'],
      ageMs: 200.5 * 86_400_000,
    });
    const shared = { files: systemFiles, clock: systemClock, logger: memoryLogger() };
    const cache = await openPackageCache({ ...shared, path: join(root, 'state/cache.json') });
    const refreshed = await packages.refreshQuietly(new AbortController().signal);
    expect(refreshed.failed).toEqual([]);
    await cache.noteRefreshed(refreshed);
    cache.noteSources(await packages.inventory.sources());
    expect(cache.verdict()).toMatchObject({
      status: 'stale',
      message: expect.stringContaining('the newest list of security updates is 200 days old'),
    });
    expect(cache.health()).toContain('the mirror stands still');
  });

  it('and preferences behind symbolic links are noticed when they change', async () => {
    const host = await plain();
    const { inventory } = host.packages;
    const lists = join(host.root, 'var/lib/apt/lists');
    await rename(lists, join(host.root, 'elsewhere'));
    await symlink(join(host.root, 'elsewhere'), lists);
    await host.write('pin', '');
    await symlink(join(host.root, 'pin'), join(host.root, 'etc/apt/preferences.d/pin'));
    expect((await inventory.listPatches()).patches).toEqual([]);
    await host.publish({ main: [toy('toyssl', '2')] });
    expect((await inventory.listPatches()).patches).toHaveLength(1);
    await host.write('pin', 'Package: toyssl\nPin: version 2\nPin-Priority: -1\n');
    expect((await inventory.listPatches()).patches).toEqual([]);
  });
});

describe('the sources of a listing', () => {
  it('are told with their age, those without lists or without a Release file included, and no password', async () => {
    const host = await situation(folder.path, {
      published: { main: [toy('toyssl', '1')] },
      installed: ['toyssl'],
    });
    await host.publish({ main: [toy('toyssl', '2')] });
    const flat = `${host.repository}/dists/bookworm/main/binary-amd64/`;
    await host.write(
      'etc/apt/sources.list.d/flat.list',
      `deb [trusted=yes] file:${flat} ./\ndeb http://me:secret@127.0.0.1:9/debian trixie-security main\n`,
    );
    await host.apt.run('apt-get', ['update']);
    const { inventory } = host.packages;
    const told = (await inventory.sources()).map((one) => [
      one.uri.replace(host.repository, ''),
      one.suite,
      one.security,
      one.present,
      one.publishedAtMs !== undefined,
      one.servedAtMs !== undefined,
      one.fetchedAtMs !== undefined,
    ]);
    expect(told.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))).toEqual([
      ['file:/dists/bookworm-security/', 'stable-security', true, true, true, false, true],
      ['file:/dists/bookworm/', 'stable', false, true, true, false, true],
      ['file:/dists/bookworm/main/binary-amd64/./', undefined, false, true, false, true, true],
      ['http://127.0.0.1:9/debian/dists/trixie-security/', undefined, false, false, false, false, false],
    ]);
    expect(JSON.stringify(await inventory.sources())).not.toContain('secret');
    expect(await ourList(host)).toEqual(await aptList(host));
    expect((await inventory.listPatches()).patches).toMatchObject([{ name: 'toyssl', security_known: true }]);
  });

  it('are found where apt was told to keep its lists', async () => {
    const host = await situation(folder.path, {
      published: { main: [toy('toyssl', '1')] },
      installed: ['toyssl'],
    });
    await mkdir(join(host.root, 'srv/lists/partial'), { recursive: true });
    await host.write('etc/apt/apt.conf.d/lists', `Dir::State::Lists "${host.root}/srv/lists";\n`);
    await host.apt.update();
    expect((await host.packages.inventory.listPatches()).patches).toEqual([]);
    await host.publish({ main: [toy('toyssl', '2')] });
    expect((await host.packages.inventory.listPatches()).patches).toHaveLength(1);
  });
});
