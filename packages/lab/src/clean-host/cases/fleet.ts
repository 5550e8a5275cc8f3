import assert from 'node:assert/strict';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { LabHost } from '../../hosts/host.ts';
import { securityUpdatesOf } from '../../hosts/images.ts';
import type { CleanHostCase } from '../case.ts';
import { installPackage } from '../install.ts';
import { installManager, type ManagerHost } from '../manager-host.ts';
import { unitState, untilStatus } from '../unit.ts';
import { placeJoinString, type World } from '../world.ts';

/** So many that they disturb each other; each costs two processors a minute and a half. */
const SIZE = 3;
/** Between two looks at the memory, which cost time themselves. */
const SAMPLE_MS = 2500;
const SUITE = 'bookworm-security';

interface Patches {
  readonly patches: readonly { readonly name: string; readonly security: boolean }[];
}

/** Most memory that a daemon ever had in use, megabytes. */
async function peakMegabytes(host: LabHost, unit: string): Promise<number> {
  const { mainPid } = await unitState(host, unit);
  const status = await host.must('cat', [`/proc/${mainPid}/status`]);
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024);
}

/** Memory of all processes of these hosts, each page counted once, megabytes. */
async function memoryOf(hosts: readonly LabHost[]): Promise<number> {
  const script = "cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/{sum+=$2} END{print sum+0}'";
  const sums = await Promise.all(
    hosts.map(async (host) => Number((await host.run('sh', ['-c', script])).stdout)),
  );
  return Math.round(sums.reduce((sum, kilobytes) => sum + kilobytes, 0) / 1024);
}

/** Watches the memory of hosts while something is done. */
async function withPeakMemory<T>(
  hosts: readonly LabHost[],
  work: Promise<T>,
): Promise<{ value: T; peak: number }> {
  let [peak, done] = [0, false];
  const finished = work.finally(() => {
    done = true;
  });
  while (!done) {
    peak = Math.max(peak, await memoryOf(hosts));
    await Promise.race([finished.catch(() => {}), new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))]);
  }
  return { value: await finished, peak };
}

/** Debian's own updates, signed again, in the repository that the hosts use. */
async function publishSecurityUpdates(world: World): Promise<string[]> {
  const folder = await securityUpdatesOf('bookworm');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  assert.ok(files.length > 0, 'Debian has no security update for a clean host at the moment');
  for (const file of files) {
    await copyFile(join(folder, file), join(world.shelf.repository, 'pool/ready', file));
  }
  await world.shelf.publish(SUITE, { suite: 'stable-security', label: 'Debian-Security', ready: files });
  return files.map((file) => file.split('_')[0] ?? '');
}

async function joinAll(world: World, manager: ManagerHost): Promise<LabHost[]> {
  const hosts: LabHost[] = [];
  for (let count = 0; count < SIZE; count += 1) {
    hosts.push(await world.newHost('debian12', { suites: ['bookworm', SUITE] }));
  }
  await placeJoinString(hosts, manager);
  await Promise.all(
    hosts.map(async (host) => {
      await installPackage(host, 'debian12', { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilStatus(host, /^Serving on/);
    }),
  );
  return hosts;
}

export const FLEET: readonly CleanHostCase[] = [
  {
    name: `fleet: ${SIZE} hosts and a manager from the packages, joined by token, real security updates of Debian, patched together`,
    flavours: ['debian12'],
    hosts: SIZE + 1,
    limitMs: 20 * 60_000,
    async run(world, flavour) {
      const startedMs = performance.now();
      const names = await publishSecurityUpdates(world);
      const managerHost = await world.newHost(flavour, { name: 'manager' });
      const manager = await installManager(managerHost, flavour);
      const hosts = await joinAll(world, manager);
      const joinedMs = performance.now();
      const pending = (await manager.json('patches', hosts[0]?.name ?? '')) as Patches;
      const expected = pending.patches.filter((one) => one.security).map((one) => one.name);
      assert.deepEqual(
        expected.toSorted(),
        [...new Set(names)].filter((name) => expected.includes(name)).toSorted(),
      );
      assert.ok(expected.length > 0, 'the manager sees no security update');
      const all = [...hosts, managerHost];
      const patching = Promise.all(
        hosts.map((host) => manager.json('patch', host.name, '--security', '--wait')),
      );
      const { peak } = await withPeakMemory(all, patching);
      const patchedMs = performance.now();
      for (const host of hosts) {
        const left = (await manager.json('patches', host.name)) as Patches;
        assert.deepEqual(
          left.patches.filter((one) => one.security),
          [],
          host.name,
        );
        assert.equal(await host.must('dpkg', ['--audit']), '');
        assert.equal((await unitState(host)).restarts, 0);
      }
      const agents = await Promise.all(hosts.map((host) => peakMegabytes(host, 'linux-patch-api.service')));
      const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(1)} s`;
      return [
        `installed and joined in ${seconds(startedMs, joinedMs)}`,
        `${expected.length} updates on each host in ${seconds(joinedMs, patchedMs)}`,
        `peak memory: agent ${Math.max(...agents)} MB, manager ${await peakMegabytes(managerHost, 'linux-patch-manager.service')} MB`,
        `all processes of all hosts ${peak} MB`,
      ].join('; ');
    },
  },
];
