import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshLists } from '../../apt/lists.ts';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { Flavour } from '../../hosts/images.ts';
import { callAgent, installJob, untilJobEnds, untilUnpacked } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { everyPath, pathsAddedSince } from '../disk-listing.ts';
import { installEarlier, packageFile, removePackage, upgradePackage } from '../install.ts';
import { unitState, untilStatus } from '../unit.ts';
import { agentStatus, approveByCode, NEXT_AGENT, offerUpdates } from '../world.ts';
import { assertOwners, assertPowerless } from './owners.ts';

const SETTINGS = '/etc/linux_patch_api';
const DATA = '/var/lib/linux_patch_api';
const OWN = '/etc/own-certificates';

/** What an administrator has made of the files of 1.2.0. */
const CONFIG = (manager: string): string => `# kept by its administrator
enrollment: { manager_url: "${manager}" }  # and this
tls: { ca_cert: ${OWN}/ca.pem, server_cert: ${OWN}/server.pem, server_key: ${OWN}/server.key.pem }
`;
const ALLOWED = '# the desk of the operators\n';

function hostCode(host: LabHost): Promise<string> {
  return askHost('the host code', async () => (await agentStatus(host)).enrollment?.host_code ?? undefined);
}

/** Files that people edit, as they are now. */
function edited(host: LabHost): Promise<string[]> {
  return Promise.all(
    ['config.yaml', 'whitelist.yaml'].map((name) => readFile(join(host.disk, SETTINGS, name), 'utf8')),
  );
}

/** Has the agent of 1.2.0 serve with certificates that lie elsewhere, root's alone. */
async function moveCertificates(host: LabHost, manager: string): Promise<void> {
  await host.must('sh', [
    '-ec',
    `mkdir -m 0700 ${OWN}; cd ${SETTINGS}/certs; cp -L ca.pem server.pem server.key.pem ${OWN}/; chmod 0600 ${OWN}/*`,
  ]);
  await writeFile(join(host.disk, SETTINGS, 'config.yaml'), CONFIG(manager));
  await host.must('sh', ['-ec', `printf '%s' '${ALLOWED}' >>${SETTINGS}/whitelist.yaml`]);
  await host.must('systemctl', ['restart', 'linux-patch-api']);
  await untilStatus(host, /^Serving on/);
}

/** dnf and pacman have no purge: what the guide says instead. */
async function purge(host: LabHost, flavour: Flavour): Promise<void> {
  if (flavour === 'debian12') return removePackage(host, flavour, 'purge');
  await removePackage(host, flavour);
  const folders = [SETTINGS, DATA, '/var/lib/linux_patch_worker', '/var/log/linux_patch_api'];
  await host.must('rm', ['-rf', ...folders, '/var/cache/pacman/linux-patch-api']);
  await host.must('userdel', ['linux-patch-api']);
}

export const MIGRATION: readonly CleanHostCase[] = [
  {
    name: 'from 1.2.0: identity, own certificates, edited files and jobs that ended, run and wait go over to an agent without power; back, forth again, and nothing is left after the purge',
    flavours: ['debian12', 'dnf', 'pacman'],
    upgrades: true,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await refreshLists(host);
      const before = await everyPath(host);
      const upgraded = async (): Promise<void> => {
        await untilStatus(host, /^Serving on/);
        await assertPowerless(host);
        // How a job ended that 1.2.0 began is written by root, and gone when the job is on record.
        await askHost('jobs of 1.2.0 to be on record', async () => {
          const { stdout } = await host.run('find', [`${DATA}/jobs/work`, '-type', 'f', '-user', 'root']);
          return stdout === '' || undefined;
        });
        await assertOwners(host);
      };

      await installEarlier(host, flavour, { LINUX_PATCH_MANAGER_URL: manager.url });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const { serial } = (await agentStatus(host)).identity;

      await moveCertificates(host, manager.url);
      const files = await edited(host);
      const ended = await installJob(world, manager, host, 'toyhello');
      assert.equal((await untilJobEnds(world, manager, host, ended)).status, 'completed');
      // apt lets nobody beside a job upgrade the agent, so there the upgrade is the job.
      const self = flavour === 'debian12';
      if (self) await offerUpdates(host, flavour);
      if (self) await refreshLists(host);
      const running = await installJob(world, manager, host, self ? 'linux-patch-api' : 'toyslow');
      const waiting = await installJob(world, manager, host, 'toylib');
      if (!self) {
        await untilUnpacked(host);
        await upgradePackage(host, flavour);
        await upgraded();
        await host.must('touch', ['/tmp/toyslow-go']);
      }
      for (const [id, name, version] of [
        [ended, 'toyhello', '1.0-1'],
        self ? [running, 'linux-patch-api', NEXT_AGENT.version] : [running, 'toyslow', '1.0-1'],
        [waiting, 'toylib', self ? '1.0-1+deb12u1' : '1.0-1'],
      ] as const) {
        const job = await untilJobEnds(world, manager, host, id);
        const results = job.results.map((one) => [one.name, one.version_after]);
        assert.deepEqual([job.status, job.error_code, results], ['completed', null, [[name, version]]]);
      }
      await upgraded();
      assert.equal((await agentStatus(host)).identity.serial, serial);
      assert.deepEqual(await edited(host), files);
      assert.equal((await callAgent(world, manager, host, ['/packages?refresh=true'])).error, null);

      // Back, where the agent is root again, and may lay what root's agent would give away.
      await installEarlier(host, flavour);
      await untilStatus(host, /^Serving on/);
      const { mainPid } = await unitState(host);
      assert.match(await host.must('cat', [`/proc/${mainPid}/status`]), /^Uid:\s+0\s+0\s/m);
      assert.equal((await agentStatus(host)).identity.serial, serial);
      await host.must('sh', [
        '-ec',
        `umask 077; echo root >/etc/beside; ln -s /etc/beside ${DATA}/link; ln /etc/beside ${DATA}/other-name`,
      ]);
      await host.must('systemctl', ['stop', 'linux-patch-api']);
      await upgradePackage(host, flavour);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^Serving on/);
      assert.equal(await host.must('stat', ['-c', '%a %U', '/etc/beside']), '600 root\n');
      await host.must('rm', ['/etc/beside', `${DATA}/link`, `${DATA}/other-name`]);
      await upgraded();
      assert.equal((await agentStatus(host)).identity.serial, serial);
      assert.deepEqual(await edited(host), files);

      await purge(host, flavour);
      const left = (await pathsAddedSince(host, before)).filter(
        (path) => !/toy|libatomic/.test(path) && !path.startsWith(OWN),
      );
      assert.deepEqual(left, []);
      assert.notEqual((await host.run('getent', ['passwd', 'linux-patch-api'])).exitCode, 0);
      assert.equal(await host.must('systemctl', ['--failed', '--no-legend']), '');
    },
  },
  {
    name: 'from 1.2.0: a host that waits for approval goes on with its request; back again it asks once more, and each way it serves',
    flavours: ['debian12'],
    upgrades: true,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await refreshLists(host);
      await installEarlier(host, flavour, { LINUX_PATCH_MANAGER_URL: manager.url });
      const code = await hostCode(host);
      await upgradePackage(host, flavour);
      await untilStatus(host, /^(?:Waiting for approval|Asking)/);
      assert.equal(await hostCode(host), code);
      await assertPowerless(host);
      await installEarlier(host, flavour);
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
    },
  },
  {
    name: 'from 1.2.0: without power between unpack and configure it serves after the boot; dpkg --configure -a starts a service that failed meanwhile, and none that was stopped',
    flavours: ['debian12'],
    upgrades: true,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await refreshLists(host);
      await installEarlier(host, flavour, { LINUX_PATCH_MANAGER_URL: manager.url });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const { serial } = (await agentStatus(host)).identity;
      await host.must('dpkg', ['--unpack', await packageFile(host, flavour)]);
      await host.cutPower();
      await host.restorePower();
      await untilStatus(host, /^Serving on/);
      await assertPowerless(host);
      await assertOwners(host);

      const dropIns = '/run/systemd/system/linux-patch-api.service.d';
      const program = '/usr/bin/linux-patch-api';
      await host.must('sh', [
        '-ec',
        `mkdir -p ${dropIns}; printf '[Service]\nRestart=no\n' >${dropIns}/once.conf; systemctl daemon-reload; chmod a-x ${program}`,
      ]);
      await host.run('systemctl', ['restart', 'linux-patch-api']);
      assert.equal((await unitState(host)).active, 'failed');
      await host.must('sh', ['-ec', `rm -r ${dropIns}; chmod a+x ${program}`]);
      await host.must('dpkg', ['--configure', '-a']);
      await untilStatus(host, /^Serving on/);
      assert.equal((await agentStatus(host)).identity.serial, serial);

      await host.must('systemctl', ['stop', 'linux-patch-api']);
      await upgradePackage(host, flavour);
      assert.equal((await unitState(host)).active, 'inactive');
    },
  },
];
