import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPackageCache } from '../../worker/src/lists/cache-state.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { quietRun } from './apt-bench.ts';
import { aptList, ourList, situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const toy = (name: string, version: string, more: Partial<ToyPackage> = {}): ToyPackage => ({
  name,
  version,
  ...more,
});

describe('a listing is the same as that of "apt list --upgradable"', () => {
  it('with holds, phasing, kept back ones, pins, backports, rebuilds and removed ones', async () => {
    const names = [
      'held',
      'plain',
      'early',
      'phased',
      'needs',
      'door',
      'key',
      'old',
      'never',
      'low',
      'back',
      'gone',
      'rebuilt',
      'rc',
      'same',
      'new',
    ];
    const toy = (name: string, version: string) => ({ name: `toy${name}`, version });
    const old = names.map((name) =>
      name === 'key' ? { ...toy('key', '1'), depends: 'toydoor (= 1)' } : toy(name, '1'),
    );
    const host = await situation(folder.path, {
      published: { main: [...old, toy('old', '0.9')] },
      installed: old.map((one) => one.name),
      suites: ['main', 'security', 'backports'],
    });
    await host.apt.run('apt-mark', ['hold', 'toyheld']);
    await host.apt.run('apt-get', ['remove', '-y', 'toyrc']);
    await host.write(
      'etc/apt/preferences.d/pins',
      [
        'Package: toyold\nPin: version 0.9\nPin-Priority: 1001\n',
        'Package: toynever\nPin: version 2\nPin-Priority: -1\n',
        'Package: toylow\nPin: version 2\nPin-Priority: 50\n',
      ].join('\n'),
    );
    await host.publish({
      main: [
        ...old.filter((one) => one.name !== 'toygone' && one.name !== 'toyrebuilt'),
        toy('old', '0.9'),
        toy('held', '2'),
        toy('plain', '2'),
        toy('plain', '3'),
        { ...toy('early', '2'), phasedPercentage: 100 },
        { ...toy('phased', '2'), phasedPercentage: 0 },
        { ...toy('needs', '2'), depends: 'toynowhere' },
        toy('door', '2'),
        toy('old', '2'),
        toy('never', '2'),
        toy('low', '2'),
        toy('rc', '2'),
        { ...toy('rebuilt', '1'), depends: 'toyplain', files: { '/usr/share/toyrebuilt/more': 'x' } },
        { ...toy('new', '2'), depends: 'toyfresh' },
        toy('fresh', '1'),
      ],
      backports: [toy('back', '2'), toy('plain', '4')],
    });
    expect(await ourList(host)).toEqual(await aptList(host));
    expect((await ourList(host)).map((line) => line.split(':')[0])).toEqual(
      ['door', 'early', 'held', 'needs', 'new', 'phased', 'plain', 'rebuilt'].map((name) => `toy${name}`),
    );
  });

  it('with packages of another architecture, libraries of both, and one that changes its architecture', async () => {
    const both = (version: string) =>
      ['amd64', 'i386'].map((architecture) => toy('toylib', version, { architecture, multiArch: 'same' }));
    const native = toy('toychange', '1');
    const foreign = toy('toyforeign', '1', { architecture: 'i386' });
    const host = await situation(folder.path, {
      published: { main: [...both('1'), native, foreign] },
      installed: ['toylib:amd64', 'toylib:i386', 'toychange', 'toyforeign:i386'],
      foreign: 'i386',
    });
    await host.publish({
      main: [
        toy('toylib', '2', { architecture: 'amd64', multiArch: 'same' }),
        toy('toychange', '2', { architecture: 'amd64' }),
        toy('toyforeign', '2', { architecture: 'i386' }),
      ],
      security: [toy('toylib', '2', { architecture: 'i386', multiArch: 'same' })],
    });
    const listed = await ourList(host);
    expect(listed).toEqual(await aptList(host));
    expect(listed).toHaveLength(4);
    const { patches } = await host.packages.inventory.listPatches();
    expect(patches.map((one) => [one.name, one.security])).toEqual([
      ['toychange', false],
      ['toyforeign', false],
      ['toylib', false],
      ['toylib', true],
    ]);
    await host.write('etc/apt/apt.conf.d/foreign', '');
    expect((await ourList(host)).some((line) => line.startsWith('toyforeign:i386'))).toBe(
      (await aptList(host)).some((line) => line.startsWith('toyforeign:i386')),
    );
  });

  it('with broken dependencies and half installed packages', async () => {
    const old = [
      toy('toylib', '1'),
      toy('toyapp', '1', { depends: 'toylib' }),
      toy('toyhalf', '1', { postinst: 'exit 1' }),
    ];
    const host = await situation(folder.path, { published: { main: old }, installed: ['toyapp'] });
    await host.apt.run('apt-get', ['install', '-y', 'toyhalf']);
    await host.apt.run('dpkg', ['--remove', '--force-depends', 'toylib']);
    await host.publish({
      main: [...old, toy('toyhalf', '2')],
      security: [toy('toyapp', '2', { depends: 'toylib' })],
    });
    expect((await host.apt.run('apt-get', ['check'])).exitCode).not.toBe(0);
    expect(await ourList(host)).toEqual(await aptList(host));
    const { patches } = await host.packages.inventory.listPatches();
    expect(patches.map((one) => [one.name, one.security])).toEqual([
      ['toyapp', true],
      ['toyhalf', false],
    ]);
    expect(await host.packages.inventory.isDatabaseClean()).toBe(false);
    const { words } = await host.packages.health(new AbortController().signal);
    expect(words).toContain('not configured: toyhalf');
    expect(words).toContain('toyapp : Depends: toylib but it is not');
    expect(words).toContain('apt-get --fix-broken install');
  });
});

describe('a security update', () => {
  it('below a newer ordinary one is one, and "security only" installs exactly that version', async () => {
    const host = await situation(folder.path, {
      published: { main: [toy('toyssl', '1')] },
      installed: ['toyssl'],
    });
    const fix = toy('toyssl', '1+u1');
    await host.publish({ main: [toy('toyssl', '1'), toy('toyssl', '1+u2')], security: [fix] });
    const { patches } = await host.packages.inventory.listPatches();
    expect(patches).toMatchObject([
      { name: 'toyssl', available_version: '1+u2', security: true, security_version: '1+u1' },
    ]);
    const { results } = await host.packages.operations.applyPatches(
      { selection: { kind: 'security' }, exclude: [] },
      quietRun(),
    );
    expect(results).toMatchObject([{ name: 'toyssl', version_before: '1', version_after: '1+u1' }]);
    expect((await host.packages.inventory.listPatches()).patches).toMatchObject([
      { available_version: '1+u2', security: false, security_known: true },
    ]);
  });

  it.each([
    ['a pin', 'etc/apt/preferences.d/pin', 'Package: toyssl\nPin: version 1\nPin-Priority: 1001\n'],
    [
      'a negative pin',
      'etc/apt/preferences.d/pin',
      'Package: *\nPin: release l=Debian-Security\nPin-Priority: -1\n',
    ],
    ['a default release', 'etc/apt/apt.conf.d/release', 'APT::Default-Release "bookworm";\n'],
  ])('that %s hides is told', async (_what, file, text) => {
    const host = await situation(folder.path, {
      published: { main: [toy('toyssl', '1')] },
      installed: ['toyssl'],
    });
    await host.publish({ main: [toy('toyssl', '1')], security: [toy('toyssl', '1+u1')] });
    await host.write(file, text);
    expect(await ourList(host)).toEqual(await aptList(host));
    expect(await host.packages.inventory.listPatches()).toMatchObject({
      patches: [],
      hiddenSecurity: [{ name: 'toyssl', current_version: '1', security_version: '1+u1' }],
    });
  });

  it.each([
    { label: 'Debian-Security', suite: 'stable', codename: 'bookworm-security' },
    { label: 'Toys', suite: 'stable-security', codename: 'bookworm-security' },
    { label: 'Toys', suite: 'stable', codename: 'bookworm-security' },
  ])('is told by label, suite or codename of its source, also when it is kept back: %o', async (security) => {
    const old = [toy('toydoor', '1'), toy('toykey', '1', { depends: 'toydoor (= 1)' })];
    const host = await situation(folder.path, {
      published: { main: old },
      installed: ['toykey'],
      named: { security },
    });
    await host.publish({ main: old, security: [toy('toydoor', '2')] });
    expect((await host.packages.inventory.listPatches()).patches).toMatchObject([
      { name: 'toydoor', security: true, origin: `${security.label}:${security.suite}` },
    ]);
  });

  it('and what is installed come with the source package that the installed version was built from', async () => {
    const built = (version: string, source: string) => toy('toylib', version, { source });
    const old = [built('1.0-1+b2', 'toysource (1.0-1)'), toy('toyown', '1-1')];
    const host = await situation(folder.path, {
      published: { main: old },
      installed: ['toylib', 'toyown'],
    });
    await host.publish({ main: [...old, built('1.1-1', 'toysource')] });
    const own = { source_name: 'toyown', source_version: '1-1', security: false };
    const lib = { source_name: 'toysource', source_version: '1.0-1' };
    const { inventory } = host.packages;
    expect(await inventory.listPackages()).toMatchObject([lib, { ...own, security_known: true }]);
    expect((await inventory.listPatches()).patches).toMatchObject([lib]);
    expect(await inventory.findPackage('toylib')).toMatchObject(lib);
    await rm(join(host.root, 'var/lib/apt/lists'), { recursive: true });
    expect(await inventory.listPackages()).toMatchObject([
      { security_known: false },
      { security_known: false },
    ]);
  });

  it('is not known where no source has a security archive', async () => {
    const host = await situation(folder.path, {
      published: { main: [toy('toyssl', '1')] },
      installed: ['toyssl'],
      suites: ['main'],
    });
    await host.publish({ main: [toy('toyssl', '2')] });
    expect((await host.packages.inventory.listPatches()).patches).toMatchObject([
      { security: false, security_known: false, origin: 'Debian:stable' },
    ]);
  });
});

describe('what an ordinary upgrade would leave', () => {
  it('is told with its reason when somebody asks for it, and not known when nobody does', async () => {
    const old = ['held', 'phased', 'needs', 'door', 'plain'].map((name) => toy(`toy${name}`, '1'));
    const key = toy('toykey', '1', { depends: 'toydoor (= 1)' });
    const host = await situation(folder.path, {
      published: { main: [...old, key] },
      installed: [...old, key].map((one) => one.name),
    });
    await host.apt.run('apt-mark', ['hold', 'toyheld']);
    const next = {
      main: [
        toy('toyheld', '2'),
        toy('toyphased', '2', { phasedPercentage: 0 }),
        toy('toyneeds', '2', { depends: 'toynowhere' }),
        toy('toydoor', '2'),
        toy('toyplain', '2'),
      ],
    };
    await host.publish(next);
    const { inventory } = host.packages;
    const { patches } = await inventory.listPatches({ explain: true });
    expect(patches.map((one) => [one.name, one.held, one.phased, one.kept_back, one.reason])).toEqual([
      ['toydoor', false, false, true, expect.stringContaining('toykey')],
      ['toyheld', true, false, false, expect.stringContaining('held on this host')],
      [
        'toyneeds',
        false,
        false,
        true,
        expect.stringContaining('Depends: toynowhere but it is not installable'),
      ],
      ['toyphased', false, true, false, expect.stringContaining('given to 0 % of machines')],
      ['toyplain', false, false, false, null],
    ]);
    await host.publish({ main: next.main.filter((one) => one.name !== 'toyphased') });
    expect((await inventory.listPatches()).patches.map((one) => [one.name, one.kept_back])).toEqual([
      ['toydoor', null],
      ['toyheld', false],
      ['toyneeds', null],
      ['toyplain', null],
    ]);
    // Broken dependencies: apt plans nothing, so nobody can say what it would leave.
    await host.apt.run('dpkg', ['--remove', '--force-depends', 'toydoor']);
    expect((await inventory.listPatches({ explain: true })).patches).toMatchObject([
      { name: 'toyheld' },
      { name: 'toyneeds', kept_back: null, reason: null },
      { name: 'toyplain', kept_back: null, reason: null },
    ]);
  });
});

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
    expect(await packages.refreshQuietly(new AbortController().signal)).toEqual([]);
    await cache.noteRefreshed([]);
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
    ]);
    expect(told.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))).toEqual([
      ['file:/dists/bookworm-security/', 'stable-security', true, true, true],
      ['file:/dists/bookworm/', 'stable', false, true, true],
      ['file:/dists/bookworm/main/binary-amd64/./', undefined, false, true, true],
      ['http://127.0.0.1:9/debian/dists/trixie-security/', undefined, false, false, false],
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

describe('the details of a package', () => {
  it('have what it needs before it is unpacked, and only those that need it in turn', async () => {
    const host = await situation(folder.path, {
      published: {
        main: [
          toy('toylib', '1'),
          toy('toybase', '1'),
          toy('toyapp', '1', { preDepends: 'toybase (>= 1)', depends: 'toylib | toyother, toyextra' }),
          toy('toyextra', '1'),
          toy('toyfan', '1', { suggests: 'toylib', recommends: 'toyextra' }),
          toy('toyrival', '1', { breaks: 'toylib (<< 0.5)', conflicts: 'toybase (<< 0.5)' }),
        ],
      },
      installed: ['toyapp', 'toyfan', 'toyrival'],
    });
    const { inventory } = host.packages;
    expect(await inventory.findPackage('toyapp')).toMatchObject({
      dependencies: ['toybase (>= 1)', 'toylib | toyother', 'toyextra'],
    });
    for (const name of ['toylib', 'toybase'])
      expect(await inventory.findPackage(name)).toMatchObject({ reverse_dependencies: ['toyapp'] });
  });
});
