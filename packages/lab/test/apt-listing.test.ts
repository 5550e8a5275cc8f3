import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toy } from './apt-bench.ts';
import { aptList, ourList, situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

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
