import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { refreshLists } from '../../apt/lists.ts';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { Flavour } from '../../hosts/images.ts';
import type { CleanHostCase } from '../case.ts';
import { everyPath, pathsAddedSince } from '../disk-listing.ts';
import { EXAMPLE_CODE, guideBlocks, runGuideBlock, useGuideNames } from '../guide.ts';
import { unitState, untilActive, untilStatus } from '../unit.ts';
import { type AgentStatus, agentStatus, type World } from '../world.ts';

const MANAGER = 'linux-patch-manager.service';

/** Blocks that the cases below run; a block that nobody runs must not carry the mark. */
const RUN_HERE: readonly string[] = [
  'manager-install',
  'agent-install-apt',
  'agent-install-dnf',
  'agent-install-pacman',
  'approve',
  'seal-image',
  'air-gapped',
  'upgrade-apt',
  'downgrade-apt',
  'remove-apt',
  'purge-apt',
  'purge-dnf',
  'purge-pacman',
  'backup-manager',
  'restore-manager',
  'return-purged-manager',
  'join-again',
];

async function newManager(world: World, hosts: Readonly<Record<string, LabHost>>): Promise<LabHost> {
  const patch = await world.newHost('debian12', { name: 'patch' });
  await useGuideNames({ patch, ...hosts });
  await refreshLists(patch);
  await runGuideBlock(patch, 'manager-install');
  await untilActive(patch, ['active'], MANAGER);
  return patch;
}

/** Reads the code on the host and approves with the guide's own lines. */
async function approve(patch: LabHost, host: LabHost, name: string): Promise<void> {
  const code = await askHost('the host code', async () => {
    const { stdout } = await host.run('linux-patch-api', ['status', '--json']);
    const status = stdout === '' ? undefined : (JSON.parse(stdout) as AgentStatus);
    return status?.enrollment?.host_code ?? undefined;
  });
  await askHost('the request', async () =>
    (await patch.must('linux-patch-manager', ['enrollments', 'list'])).includes(`${name}.example.org`)
      ? true
      : undefined,
  );
  await runGuideBlock(patch, 'approve', { [EXAMPLE_CODE]: code, 'web1.example.org': `${name}.example.org` });
  await untilStatus(host, /^Serving on/);
}

async function version(host: LabHost): Promise<string> {
  return host.must('dpkg-query', ['-W', '-f', '${Version}', 'linux-patch-api']);
}

/** Sums of what nobody could make again: keys and certificates of the authority, beside its database. */
async function managerFiles(host: LabHost, folder: string): Promise<string> {
  const script = 'cd "$0" && test -s manager.sqlite && sha256sum ca/*.pem';
  return host.must('sh', ['-ec', script, folder]);
}

/** Folders and files of the manager that are not its program. */
function leftOfManager(host: LabHost): Promise<string> {
  const places = ['/etc', '/var/lib', '/var/log', '/var/cache', '/run'];
  const named = ['-xdev', '-maxdepth', '2', '-name', 'linux?patch?manager*'];
  return host.must('find', [...places, ...named, '-not', '-path', '/var/lib/dpkg/*']);
}

const INSTALL: Readonly<Partial<Record<Flavour, string>>> = {
  dnf: 'agent-install-dnf',
  pacman: 'agent-install-pacman',
};

export const GUIDE: readonly CleanHostCase[] = [
  {
    name: 'guide: every marked block is run by a case',
    flavours: ['debian12'],
    async run() {
      assert.deepEqual([...(await guideBlocks()).keys()].toSorted(), RUN_HERE.toSorted());
    },
  },
  {
    name: 'guide: manager and agent are installed, joined, upgraded, downgraded, removed and purged as it says',
    flavours: ['debian12'],
    async run(world, flavour) {
      const web1 = await world.newHost(flavour, { name: 'web1' });
      const before = await everyPath(web1);
      const patch = await newManager(world, { web1 });
      await refreshLists(web1);
      await runGuideBlock(web1, 'agent-install-apt');
      await approve(patch, web1, 'web1');
      const { serial } = (await agentStatus(web1)).identity;
      for (const [block, expected] of [
        ['upgrade-apt', `${VERSION}-2`],
        ['downgrade-apt', `${VERSION}-1`],
      ] as const) {
        const { mainPid } = await unitState(web1);
        await runGuideBlock(web1, block);
        assert.equal(await version(web1), expected);
        await askHost('another process', async () =>
          (await unitState(web1)).mainPid === mainPid ? undefined : true,
        );
        await untilStatus(web1, /^Serving on/);
        assert.equal((await agentStatus(web1)).identity.serial, serial);
      }
      await runGuideBlock(web1, 'remove-apt');
      await web1.must('test', ['-s', '/etc/linux_patch_api/certs/server.pem']);
      await runGuideBlock(web1, 'purge-apt');
      await web1.must('apt-get', ['purge', '-y', '-qq', 'libatomic1']);
      await rm(join(web1.disk, 'root/packages'), { recursive: true });
      assert.deepEqual(await pathsAddedSince(web1, before), []);
    },
  },
  {
    name: 'guide: installed and removed with the other package managers, nothing is left',
    flavours: ['dnf', 'pacman'],
    async run(world, flavour) {
      const web1 = await world.newHost(flavour, { name: 'web1' });
      const before = await everyPath(web1);
      const patch = await newManager(world, { web1 });
      await runGuideBlock(web1, INSTALL[flavour] ?? '');
      await approve(patch, web1, 'web1');
      await runGuideBlock(web1, `purge-${flavour}`);
      await rm(join(web1.disk, 'root/packages'), { recursive: true });
      assert.deepEqual(await pathsAddedSince(web1, before), []);
      assert.equal(await web1.must('systemctl', ['--failed', '--no-legend']), '');
    },
  },
  {
    name: 'guide: an image that was sealed asks to join as another host at its next boot',
    flavours: ['debian12'],
    async run(world, flavour) {
      const web1 = await world.newHost(flavour, { name: 'web1' });
      const patch = await newManager(world, { web1 });
      await refreshLists(web1);
      await runGuideBlock(web1, 'agent-install-apt');
      await approve(patch, web1, 'web1');
      const id = await web1.must('cat', ['/etc/machine-id']);
      await runGuideBlock(web1, 'seal-image');
      await web1.cutPower();
      await web1.restorePower();
      assert.notEqual(await web1.must('cat', ['/etc/machine-id']), id);
      await untilStatus(web1, /^(Waiting for approval|Enrolling with)/);
    },
  },
  {
    name: 'guide: without any repository the packages of the libraries beside ours are enough',
    flavours: ['debian12'],
    async run(world, flavour) {
      const host = await world.newHost(flavour, { suites: [] });
      // The lab's pool has the library of every release.
      await runGuideBlock(host, 'air-gapped', { 'libatomic1_*': 'libatomic1_12*' });
      assert.equal((await host.must('linux-patch-api', ['--version'])).trim(), VERSION);
    },
  },
  {
    name: 'guide: a purged manager is kept where it says and comes back with its fleet, unless everything was to go',
    flavours: ['debian12'],
    limitMs: 5 * 60_000,
    async run(world, flavour) {
      const web1 = await world.newHost(flavour, { name: 'web1' });
      const patch = await newManager(world, { web1 });
      await refreshLists(web1);
      await runGuideBlock(web1, 'agent-install-apt');
      await approve(patch, web1, 'web1');
      const before = await managerFiles(patch, '/var/lib/linux_patch_manager');
      const said = await patch.must('apt-get', ['purge', '-y', '-qq', 'linux-patch-manager']);
      const [, kept = ''] = /are kept in (\/var\/lib\/linux_patch_manager\.kept-\S+)/.exec(said) ?? [];
      assert.equal(await patch.must('stat', ['-c', '%a %U', kept]), '700 root\n', said);
      assert.deepEqual(await managerFiles(patch, kept), before);
      assert.equal(await leftOfManager(patch), `${kept}\n`);
      const again = await runGuideBlock(patch, 'return-purged-manager');
      assert.ok(again.includes(`mv -T ${kept} /var/lib/linux_patch_manager`), again);
      await untilActive(patch, ['active'], MANAGER);
      await patch.must('linux-patch-manager', ['packages', 'web1.example.org', '--json']);
      const env = { LINUX_PATCH_MANAGER_PURGE: 'everything' };
      await patch.must('apt-get', ['purge', '-y', '-qq', 'linux-patch-manager'], { env });
      assert.equal(await leftOfManager(patch), '');
    },
  },
  {
    name: 'guide: a lost manager comes back from its backup; a host that joined later joins again',
    flavours: ['debian12'],
    async run(world, flavour) {
      const [web1, web2] = [
        await world.newHost(flavour, { name: 'web1' }),
        await world.newHost(flavour, { name: 'web2' }),
      ];
      const patch = await newManager(world, { web1, web2 });
      for (const host of [web1, web2]) await refreshLists(host);
      await runGuideBlock(web1, 'agent-install-apt');
      await approve(patch, web1, 'web1');
      await runGuideBlock(patch, 'backup-manager');
      await untilActive(patch, ['active'], MANAGER);
      await runGuideBlock(web2, 'agent-install-apt');
      await approve(patch, web2, 'web2');
      await patch.must('apt-get', ['purge', '-y', '-qq', 'linux-patch-manager']);
      await patch.must('sh', [
        '-ec',
        `cd /root/packages && apt-get install -y -qq ./linux-patch-manager_${VERSION}-1_amd64.deb`,
      ]);
      await runGuideBlock(patch, 'restore-manager');
      await untilActive(patch, ['active'], MANAGER);
      await patch.must('linux-patch-manager', ['packages', 'web1.example.org', '--json']);
      assert.notEqual((await patch.run('linux-patch-manager', ['packages', 'web2.example.org'])).exitCode, 0);
      await runGuideBlock(web2, 'join-again');
      await untilStatus(web2, /^Waiting for approval/);
      await approve(patch, web2, 'web2');
      await patch.must('linux-patch-manager', ['packages', 'web2.example.org', '--json']);
    },
  },
];
