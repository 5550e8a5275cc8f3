import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything, quietRun, toy } from './apt-bench.ts';
import { named, ownBench, security, versions } from './own-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('settings of the host', () => {
  const CONF = '/etc/toyconf.conf';
  const conf = (version: string, colour: string) => ({
    ...toy('toyconf', version),
    files: { [CONF]: `colour = ${colour}\n` },
    conffiles: [CONF],
  });

  it('never change what a job does: orphans stay, edited files stay, updates go in', async () => {
    const { packages, apt, root } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyorphan'), conf('1', 'red')],
      next: [toy('toya', '2'), toy('toyneeded', '1'), conf('2', 'blue')],
    });
    await apt.run('apt-mark', ['auto', 'toyorphan']);
    await writeFile(join(root, CONF), 'colour = mine\n');
    const settings = [
      'APT::Get::AutomaticRemove "true";',
      'APT::Get::Assume-No "true";',
      'APT::Get::Download-Only "true";',
      'APT::Get::Print-URIs "true";',
      'APT::Get::Simulate "true";',
      'APT::Get::Remove "false";',
      'APT::Get::ReInstall "true";',
      'APT::Get::Purge "true";',
      'APT::Get::Trivial-Only "true";',
      'APT::Get::Download "false";',
      'APT::Get::Upgrade "false";',
      'Debug::pkgDPkgPM "true";',
      'quiet "2";',
      'Dpkg::Options:: "--force-confnew";',
      'Dpkg::Use-Pty "true";',
      '',
    ];
    await writeFile(join(root, 'etc/apt/apt.conf.d/99hostile'), settings.join('\n'));
    const outcome = await packages.operations.applyPatches(everything, quietRun());
    expect(outcome).toMatchObject({ left: [], warnings: [], exitCode: 0 });
    expect(outcome.results.map((one) => [one.name, one.kept_files])).toEqual([
      ['toya', undefined],
      ['toyconf', [CONF]],
    ]);
    expect(await versions(packages)).toEqual({ toya: '2', toyconf: '2', toyorphan: '1' });
    expect(await readFile(join(root, CONF), 'utf8')).toBe('colour = mine\n');
    const gone = await packages.operations.remove({ name: 'toya', purge: false, force: false }, quietRun());
    expect(gone.results.map((one) => [one.name, one.action])).toEqual([['toya', 'removed']]);
  });

  it.each(['APT::Get::Assume-Yes "true";', 'quiet "1";'])(
    '%s and a held package keep no other update out',
    async (setting) => {
      const { packages, apt, root } = await ownBench(folder.path, {
        old: [toy('toya'), toy('toyb'), toy('toyheld')],
        next: [toy('toya', '2'), toy('toyb', '2'), toy('toyheld', '2')],
      });
      await apt.run('apt-mark', ['hold', 'toyheld']);
      await writeFile(join(root, 'etc/apt/apt.conf.d/99hostile'), `${setting}\n`);
      const left = [{ name: 'toyheld', version: '2', reason: expect.stringContaining('held on this host') }];
      const one = await packages.operations.applyPatches(named('toya'), quietRun());
      expect(one).toMatchObject({ left: [], exitCode: 0 });
      expect(await versions(packages)).toEqual({ toya: '2', toyb: '1', toyheld: '1' });
      const rest = await packages.operations.applyPatches(everything, quietRun());
      expect(rest).toMatchObject({ left, exitCode: 0 });
      expect(rest.results.map(({ name, action }) => [name, action])).toContainEqual(['toyb', 'upgraded']);
      expect(await versions(packages)).toEqual({ toya: '2', toyb: '2', toyheld: '1' });
    },
  );

  it('that prefer an older version bring nothing back, and do not block the rest', async () => {
    const { packages, apt, root } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyb')],
      next: [toy('toya', '2'), toy('toyb', '2')],
    });
    await apt.install(['toyb=2']);
    await writeFile(
      join(root, 'etc/apt/preferences.d/back'),
      'Package: toyb\nPin: version 1\nPin-Priority: 1001\n',
    );
    await packages.operations.applyPatches(everything, quietRun());
    expect(await versions(packages)).toEqual({ toya: '2', toyb: '2' });
  });

  it('that hide a security update are named', async () => {
    const { packages, root } = await ownBench(folder.path, {
      old: [toy('toya')],
      security: [toy('toya', '1+u1')],
    });
    await writeFile(
      join(root, 'etc/apt/preferences.d/hide'),
      'Package: *\nPin: release n=bookworm-security\nPin-Priority: 50\n',
    );
    expect(await packages.operations.applyPatches(security, quietRun())).toMatchObject({
      exitCode: null,
      left: [{ name: 'toya', version: '1+u1', security: true, reason: expect.stringContaining('a pin or') }],
    });
    await expect(packages.operations.applyPatches(named('toya'), quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringMatching(/^Nothing was changed\. Left out: security update toya 1\+u1/),
    });
  });
});
