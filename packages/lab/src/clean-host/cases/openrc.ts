import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshLists } from '../../apt/lists.ts';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { CleanHostCase } from '../case.ts';
import { everyPath, pathsAddedSince } from '../disk-listing.ts';
import {
  configureAgent,
  installCommand,
  installEarlier,
  installInImage,
  installPackage,
  packageFile,
  removePackage,
  upgradePackage,
} from '../install.ts';
import { agentLog, agentPid, openrcState, untilAgentLogged, untilOpenrcState } from '../openrc.ts';
import { listeners } from '../unit.ts';
import { agentStatus, approveByCode } from '../world.ts';

const flavours = ['openrc'] as const;

/** The limits of the script without waiting ten seconds each time. */
async function respawnQuickly(host: LabHost): Promise<void> {
  await mkdir(join(host.disk, 'etc/conf.d'), { recursive: true });
  await writeFile(join(host.disk, 'etc/conf.d/linux-patch-api'), 'respawn_delay=1\n');
}

export const OPENRC: readonly CleanHostCase[] = [
  {
    name: 'an install without a manager enables the service; started, it ends cleanly and is not started again',
    flavours,
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      const { stdout } = await installPackage(host, flavour);
      assert.match(stdout, /Three ways to go on/);
      assert.match(await host.must('rc-update', ['show', 'default']), /linux-patch-api/);
      assert.equal(await openrcState(host), 'stopped');
      await respawnQuickly(host);
      await host.must('rc-service', ['linux-patch-api', 'start']);
      await untilAgentLogged(host, /enrollment\.manager_url is not set/);
      await untilOpenrcState(host, 'stopped');
      await askHost('the supervisor to be gone', async () => {
        return (await host.run('pgrep', ['-f', 'supervise-daemon'])).stdout === '' || undefined;
      });
      assert.equal((await agentLog(host)).match(/manager_url is not set/g)?.length, 1);
    },
  },
  {
    name: 'one line of configuration: waits, is approved, serves in the same process, reloads, stops',
    flavours,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      await configureAgent(host, [`enrollment: { manager_url: "${manager.url}" }`]);
      await host.must('rc-service', ['linux-patch-api', 'start']);
      await untilAgentLogged(host, /Waiting for approval/i);
      const waiting = await agentPid(host);
      await approveByCode(host, manager);
      await untilAgentLogged(host, /Listening on/);
      assert.ok(waiting !== undefined);
      assert.equal(await agentPid(host), waiting);
      assert.equal((await agentStatus(host)).identity.status, 'valid');
      await host.must('rc-service', ['linux-patch-api', 'reload']);
      await manager.json('packages', host.name);
      assert.equal(await agentPid(host), waiting);
      await host.must('rc-service', ['linux-patch-api', 'stop']);
      assert.doesNotMatch(await listeners(host), /:12443\b/);
    },
  },
  {
    name: 'the package can be installed in an image where nothing runs; its first boot asks to join',
    flavours,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await refreshLists(host);
      const command = [...installCommand(flavour), await packageFile(host, flavour)];
      const { exitCode, stdout, stderr } = await installInImage(host, command);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout + stderr, /Three ways to go on/);
      assert.equal(await agentPid(host), undefined);
      await configureAgent(host, [`enrollment: { manager_url: "${manager.url}" }`]);
      await host.reboot();
      await approveByCode(host, manager);
      await untilAgentLogged(host, /Listening on/);
    },
  },
  {
    name: 'kill -9: started again; a faulty configuration is waited out, and mended it serves',
    flavours,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await respawnQuickly(host);
      await approveByCode(host, manager);
      await untilAgentLogged(host, /Listening on/);
      const before = await agentPid(host);
      await host.must('rc-service', ['linux-patch-api', 'restart']);
      await untilAgentLogged(host, /Listening on/, 2);
      await host.must('kill', ['-9', String(await agentPid(host))]);
      await untilAgentLogged(host, /Listening on/, 3);
      assert.notEqual(await agentPid(host), before);
      await host.must('rc-service', ['linux-patch-api', 'stop']);
      await configureAgent(host, ['server: { port: "many" }']);
      await host.run('rc-service', ['linux-patch-api', 'start']);
      await untilAgentLogged(host, /config\.yaml:1:\d+ server\.port/);
      await untilAgentLogged(host, /waits up to a minute/);
      await configureAgent(host, ['{}']);
      await untilAgentLogged(host, /Listening on/, 4);
    },
  },
  {
    name: 'a host without power while it waits, approved meanwhile: serves after the next boot; a restart, too',
    flavours,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilAgentLogged(host, /Waiting for approval/i);
      const code = (await agentStatus(host)).enrollment?.host_code ?? '';
      const { enrollments } = (await manager.json('enrollments', 'list')) as {
        enrollments: { id: string }[];
      };
      await host.cutPower();
      await manager.json('enrollments', 'approve', enrollments[0]?.id ?? '', '--code', code);
      await host.restorePower();
      await untilAgentLogged(host, /Listening on/);
      await host.reboot();
      await untilAgentLogged(host, /Listening on/, 2);
    },
  },
  {
    name: 'an upgrade from 1.2.0, and one more, serve again with the same identity; after purge nothing is left',
    flavours,
    upgrades: true,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      const before = await everyPath(host);
      await refreshLists(host);
      await installEarlier(host, flavour, { LINUX_PATCH_MANAGER_URL: manager.url });
      await approveByCode(host, manager);
      await untilAgentLogged(host, /Listening on/);
      const { serial } = (await agentStatus(host)).identity;
      for (const times of [2, 3]) {
        await upgradePackage(host, flavour);
        await untilAgentLogged(host, /Listening on/, times);
        assert.equal((await agentStatus(host)).identity.serial, serial);
      }
      await removePackage(host, flavour, 'purge');
      await host.must('apt-get', ['purge', '-y', '-qq', 'libatomic1']);
      assert.deepEqual(await pathsAddedSince(host, before), []);
      assert.equal((await host.run('pgrep', ['-f', 'linux-patch-api'])).stdout, '');
    },
  },
];
