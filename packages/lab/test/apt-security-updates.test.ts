import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietRun, toy } from './apt-bench.ts';
import { aptList, ourList, situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

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
