import assert from 'node:assert/strict';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshLists } from '../../apt/lists.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { untilServing } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { openReleaseDesk, type ReleaseDesk } from '../release.ts';
import type { World } from '../world.ts';

const CHANGED = [
  '/etc/apt/sources.list.d/linux-patch.sources',
  '/etc/linux_patch_api',
  '/usr/bin/linux-patch-api',
];

/** What hosts of other families call themselves; they are made of Debian here. */
const OS_RELEASE = {
  dnf: 'ID="rocky"\nID_LIKE="rhel fedora"\nVERSION_ID="9.5"\n',
  dnf5: 'ID=fedora\nVERSION_ID=43\n',
  zypper: 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
  pacman: 'ID=arch\n',
} as const;

/** A manager that offers what is on the shelf, signed. */
async function startOffering(world: World, desk: ReleaseDesk): Promise<ManagerProcess> {
  const manager = await world.startManager({
    configuration: [`install: { release_key: ${desk.fingerprint} }`],
  });
  await desk.publish(world.shelf.packages, manager);
  return manager;
}

export const ONE_LINE: readonly CleanHostCase[] = [
  {
    name: 'one line pasted on a host that has nothing of us: proves manager and packages, installs, joins, and says so',
    flavours: ['debian13'],
    async run(world, flavour) {
      await using desk = await openReleaseDesk();
      const manager = await startOffering(world, desk);
      const host = await world.newHost(flavour);
      await refreshLists(host);
      const { install_line: line, join_string: secret } = (await manager.json('install-line')) as {
        install_line: string;
        join_string: string;
      };
      const [command = ''] = line.split('\n');
      assert.ok(!command.includes(secret), 'the join string stands in the command');

      // Lines that name another manager, or another key, change nothing.
      const ca = /"\$d\/join" \S+ (\w{64}) /.exec(line)?.[1] ?? '';
      for (const [forged, why] of [
        [line.replace(ca, '0'.repeat(64)), /The CA of the manager at .* is not the one/],
        [line.replace(desk.fingerprint, 'A'.repeat(40)), /not signed by the release key AAAA/],
      ] as const) {
        const refused = await host.run('sh', ['-c', forged]);
        assert.notEqual(refused.exitCode, 0);
        assert.match(refused.stderr, why);
        assert.match(refused.stderr, /Nothing was changed on this host/);
        for (const path of CHANGED) assert.equal((await host.run('test', ['-e', path])).exitCode, 1, path);
      }

      const pasted = await host.run('sh', ['-c', line]);
      assert.equal(pasted.exitCode, 0, pasted.stdout + pasted.stderr);
      assert.match(pasted.stdout, /This host is joined to https:/);
      await untilServing(host, flavour);
      await manager.json('packages', host.name);

      // From the manager come our packages only, also when apt is asked for everything.
      await refreshLists(host);
      const policy = await host.must('apt-cache', ['policy', 'linux-patch-api']);
      assert.match(policy, new RegExp(`\\*\\*\\* \\S+ 500\\n.* ${manager.url}/install/apt`));
      const all = await host.must('apt-cache', ['policy']);
      assert.match(all, new RegExp(`-10 ${manager.url}/install/apt`));
    },
  },
  {
    name: 'one line pasted on a host with dnf, zypper or pacman: proves manager and package, installs that file, joins, and says so',
    flavours: ['dnf', 'dnf5', 'zypper', 'pacman'],
    async run(world, flavour) {
      await using desk = await openReleaseDesk();
      const manager = await startOffering(world, desk);
      const host = await world.newHost(flavour);
      assert.ok(flavour in OS_RELEASE);
      await rm(join(host.disk, 'etc/os-release'), { force: true });
      await writeFile(join(host.disk, 'etc/os-release'), OS_RELEASE[flavour as keyof typeof OS_RELEASE]);
      // The line takes what such a host has: no apt.
      await chmod(join(host.disk, 'usr/lib/apt/apt-helper'), 0o644);
      const { install_line: line } = (await manager.json('install-line')) as { install_line: string };

      // A package that is not the one that was signed changes nothing.
      const folder = join(manager.root, 'var/lib/linux_patch_manager/install/packages/x86_64');
      const ending = flavour === 'pacman' ? '.zst' : '.rpm';
      const file = (await readdir(folder)).find(
        (one) => one.startsWith('linux-patch-api-') && one.endsWith(ending),
      );
      const path = join(folder, file ?? '');
      const whole = await readFile(path);
      await writeFile(path, Buffer.concat([whole, Buffer.of(0)]));
      const refused = await host.run('sh', ['-c', line]);
      assert.notEqual(refused.exitCode, 0);
      assert.match(refused.stderr, /is not the one that was signed/);
      assert.match(refused.stderr, /Nothing was changed on this host/);
      for (const changed of CHANGED)
        assert.equal((await host.run('test', ['-e', changed])).exitCode, 1, changed);
      await writeFile(path, whole);

      const { install_line: next } = (await manager.json('install-line')) as { install_line: string };
      const pasted = await host.run('sh', ['-c', next]);
      assert.equal(pasted.exitCode, 0, pasted.stdout + pasted.stderr);
      assert.match(pasted.stdout, /This host is joined to https:/);
      await untilServing(host, flavour);
      await manager.json('packages', host.name);
    },
  },
];
