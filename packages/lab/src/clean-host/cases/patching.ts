import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshLists } from '../../apt/lists.ts';
import { askHost } from '../../hosts/ask-host.ts';
import type { Flavour } from '../../hosts/images.ts';
import { daemonPid, installJob, untilJobEnds, untilServing, untilUnpacked } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { installPackage } from '../install.ts';
import { untilStatus } from '../unit.ts';
import { approveByCode, NEXT_AGENT, offerUpdates, type World } from '../world.ts';

/** A host that serves, with what its jobs need. */
export async function servingHost(world: World, flavour: Flavour, packages: readonly string[]) {
  const manager = await world.startManager();
  const host = await world.newHost(flavour);
  await refreshLists(host);
  if (packages.length > 0) await host.must('apt-get', ['install', '-y', '-qq', ...packages]);
  await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
  await approveByCode(host, manager);
  await untilServing(host, flavour);
  return { manager, host };
}

const DAEMON = 'sleep 86399';
/** After every run of dpkg that changes something, a repair of apt's included (dpkg(1), --post-invoke). */
const LEAVES_DAEMON = `post-invoke=setsid ${DAEMON} >/dev/null 2>&1 </dev/null 3>&- & true\n`;

export const PATCHING: readonly CleanHostCase[] = [
  {
    name: 'the agent is restarted in the middle of a job: the job goes on, its result is reported, and a daemon that a script left lives and holds nothing up',
    flavours: ['debian12', 'openrc'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      await writeFile(join(host.disk, 'etc/dpkg/dpkg.cfg.d/daemon'), LEAVES_DAEMON);
      const id = await installJob(world, manager, host, 'toyslow');
      await untilUnpacked(host);
      if (flavour === 'openrc') {
        for (const act of ['restart', 'stop', 'start'])
          await host.must('rc-service', ['linux-patch-api', act]);
      } else {
        const unit = await host.must('systemctl', ['is-active', `linux-patch-job-${id}`]);
        assert.equal(unit.trim(), 'active');
        await host.must('systemctl', ['restart', 'linux-patch-api']);
      }
      await untilServing(host, flavour);
      await host.must('touch', ['/tmp/toyslow-go']);
      const job = await untilJobEnds(world, manager, host, id);
      assert.equal(job.status, 'completed');
      assert.deepEqual(
        job.results.map((one) => one.name),
        ['toyslow'],
      );
      assert.equal(await host.must('dpkg', ['--audit']), '');
      // The next job has two programs: what repairs leaves a daemon, too.
      await host.must('sh', ['-c', 'cd /root && apt-get -q download toylib && dpkg --unpack toylib_*.deb']);
      const next = await installJob(world, manager, host, 'toyhello');
      const repaired = await untilJobEnds(world, manager, host, next);
      assert.equal(repaired.status, 'completed', JSON.stringify(repaired));
      assert.equal(await host.must('dpkg', ['--audit']), '');
      assert.notEqual(await host.must('pgrep', ['-f', DAEMON]), '');
      // A shutdown waits for what is not over, and ends it at last. A unit is known as long as a process of it lives.
      const over = ['--state=active,activating,deactivating,reloading', '--plain', '--no-legend'];
      const list = ['list-units', ...over, 'linux-patch-job-*', 'linux-patch-run-*'];
      if (flavour !== 'openrc') assert.equal(await host.must('systemctl', list), '');
    },
  },
  {
    name: 'the agent upgrades itself through its own API while another job waits, and does both',
    flavours: ['debian12', 'openrc'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, ['toyhello']);
      const before = await daemonPid(host, flavour);
      await offerUpdates(host, flavour);
      await refreshLists(host);
      const upgrade = await installJob(world, manager, host, 'linux-patch-api');
      const other = await installJob(world, manager, host, 'toyhello');
      const job = await untilJobEnds(world, manager, host, upgrade);
      assert.equal(job.status, 'completed', JSON.stringify(job));
      assert.deepEqual(
        job.results.map((one) => [one.name, one.version_after]),
        [['linux-patch-api', NEXT_AGENT.version]],
      );
      assert.equal((await untilJobEnds(world, manager, host, other)).status, 'completed');
      await untilServing(host, flavour);
      assert.notEqual(await daemonPid(host, flavour), before);
      assert.equal(await host.must('dpkg', ['--audit']), '');
      const version = await host.must('dpkg-query', ['-W', '-f', '${Version}', 'toyhello']);
      assert.equal(version, '1.1-1');
    },
  },
  {
    name: 'a power cut in the middle of a job: it is reported as interrupted, and the next job repairs first',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      const id = await installJob(world, manager, host, 'toyslow');
      await untilUnpacked(host);
      await host.cutPower();
      await host.restorePower();
      await untilStatus(host, /^Serving on/);
      const job = await untilJobEnds(world, manager, host, id);
      assert.deepEqual([job.status, job.error_code], ['failed', 'INTERRUPTED']);
      await host.must('touch', ['/tmp/toyslow-go']);
      const next = await installJob(world, manager, host, 'toyhello');
      assert.equal((await untilJobEnds(world, manager, host, next)).status, 'completed');
      assert.equal(await host.must('dpkg', ['--audit']), '');
    },
  },
  {
    name: 'a reboot in the middle of a job waits for the transaction, which is then reported as done',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      const id = await installJob(world, manager, host, 'toyslow');
      await untilUnpacked(host);
      const rebooting = host.reboot();
      await askHost('the host to go down', async () => {
        const result = await host.run('systemctl', ['is-system-running']);
        return result.stdout.trim() === 'stopping' ? true : undefined;
      });
      await host.run('touch', ['/tmp/toyslow-go']);
      await rebooting;
      await untilStatus(host, /^Serving on/);
      const job = await untilJobEnds(world, manager, host, id);
      assert.equal(job.status, 'completed', JSON.stringify(job));
      assert.equal(await host.must('dpkg', ['--audit']), '');
    },
  },
];
