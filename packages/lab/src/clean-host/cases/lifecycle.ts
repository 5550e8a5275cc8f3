import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VERSION } from '@linux-patch/contract';
import { refreshLists } from '../../apt/lists.ts';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { Flavour } from '../../hosts/images.ts';
import { asNobody } from '../as-nobody.ts';
import type { CleanHostCase } from '../case.ts';
import { everyPath, pathsAddedSince } from '../disk-listing.ts';
import {
  changePackage,
  configureAgent,
  installCommand,
  installInImage,
  installPackage,
  isDnf,
  packageFile,
  reinstallPackage,
  removePackage,
} from '../install.ts';
import { unitState, untilActive, untilLogged, untilStatus } from '../unit.ts';
import { agentStatus, approveByCode } from '../world.ts';

/**
 * Tenths of a point of `systemd-analyze security`; less is better. A refresh of the lists needs what the others do not: as root
 * it asks servers, and has apt download as a user of its own. Jobs are not among them: scripts of packages may do anything.
 */
const WORST_SCORES = {
  'linux-patch-api.service': 20,
  'linux-patch-manager.service': 20,
  // Instances are analysed as one of them, which nobody starts.
  'linux-patch-worker@check.service': 20,
  'linux-patch-refresh@check.service': 30,
};

const SOCKETS = ['linux-patch-worker.socket', 'linux-patch-refresh.socket'] as const;

/** What both services promise, in systemd's words. */
const PROMISED: Readonly<Record<string, string>> = {
  Type: 'notify',
  Restart: 'on-failure',
  RestartUSec: '10s',
  StartLimitBurst: '5',
  StartLimitIntervalUSec: '5min',
  LimitCORE: '0',
  NoNewPrivileges: 'yes',
  ProtectSystem: 'strict',
};

function installedVersion(host: LabHost, flavour: Flavour): Promise<string> {
  const [program, ...args] = flavour === 'pacman' ? ['pacman', '-Q'] : ['rpm', '-q'];
  return host.must(program ?? '', [...args, 'linux-patch-api']);
}

/** How exposed a unit is. @throws when that is more than the limit */
async function exposureOf(host: LabHost, unit: keyof typeof WORST_SCORES): Promise<string> {
  const worst = WORST_SCORES[unit];
  const score = await host.run('systemd-analyze', ['security', `--threshold=${worst}`, unit]);
  const [exposure] = /Overall exposure level[^\n]*/.exec(score.stdout) ?? ['no score'];
  assert.equal(score.exitCode, 0, `${unit}: ${exposure}`);
  return `${unit} ${/[\d.]+/.exec(exposure.replace(/^.*: /, ''))?.[0]}`;
}

export const LIFECYCLE: readonly CleanHostCase[] = [
  {
    name: 'after install, enrolment and purge nothing is left but the library that apt brought',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      const before = await everyPath(host);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      await removePackage(host, flavour, 'purge');
      await host.must('apt-get', ['purge', '-y', '-qq', 'libatomic1']);
      assert.deepEqual(await pathsAddedSince(host, before), []);
      assert.equal(await host.must('find', ['/run', '-maxdepth', '1', '-name', 'linux-patch*']), '');
      for (const unit of ['linux-patch-api.service', ...SOCKETS]) {
        const known = await host.must('systemctl', ['show', '-P', 'LoadState', unit]);
        assert.equal(known.trim(), 'not-found');
      }
      assert.equal(await host.must('systemctl', ['--failed', '--no-legend']), '');
    },
  },
  {
    name: 'named while installing, the manager is all that is typed on a host; removal keeps the identity, and the next install serves at once',
    flavours: ['debian12', 'dnf', 'dnf5', 'pacman'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      const env = { LINUX_PATCH_MANAGER_URL: manager.url };
      const { stdout } = await installPackage(host, flavour, { env });
      if (!isDnf(flavour)) assert.match(stdout, /Approve this host on the manager/);
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const { serial } = (await agentStatus(host)).identity;
      await removePackage(host, flavour);
      assert.equal((await host.run('pgrep', ['-f', '/usr/lib/linux-patch-api/'])).stdout, '');
      await host.must('test', ['-s', '/etc/linux_patch_api/certs/server.key.pem']);
      await installPackage(host, flavour);
      await untilStatus(host, /^Serving on/);
      assert.equal((await agentStatus(host)).identity.serial, serial);
      assert.equal((await unitState(host)).enabled, 'enabled');
    },
  },
  {
    name: 'an upgrade, and the package before it again, keep configuration, comments and identity, and serve each time',
    // Debian 12, dnf and pacman: from an earlier release, as MIGRATION has it.
    flavours: ['debian13'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      const lines = [
        '# kept by its administrator',
        `enrollment: { manager_url: "${manager.url}" }  # and this`,
      ];
      await configureAgent(host, lines);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await approveByCode(host, manager);
      let before = await untilStatus(host, /^Serving on/);
      const { serial } = (await agentStatus(host)).identity;
      for (const back of [false, true]) {
        if (flavour === 'dnf' || flavour === 'pacman') {
          await changePackage(host, flavour, back);
          assert.match(await installedVersion(host, flavour), new RegExp(`${VERSION}-${back ? 1 : 2}`));
        } else await reinstallPackage(host, flavour);
        const after = await untilStatus(host, /^Serving on/);
        assert.notEqual(after.mainPid, before.mainPid);
        assert.equal((await agentStatus(host)).identity.serial, serial);
        const config = await host.must('cat', ['/etc/linux_patch_api/config.yaml']);
        assert.equal(config, `${lines.join('\n')}\n`);
        before = after;
      }
    },
  },
  {
    name: 'the package can be installed in an image where nothing runs',
    flavours: ['debian12', 'dnf', 'pacman'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      if (!['dnf', 'pacman'].includes(flavour)) await refreshLists(host);
      const command = [...installCommand(flavour), await packageFile(host, flavour)];
      const result = await installInImage(host, command);
      assert.equal(result.exitCode, 0, result.stderr);
      assert.match(result.stdout + result.stderr, /Three ways to go on/);
      const state = await unitState(host);
      assert.deepEqual([state.enabled, state.active], ['enabled', 'inactive']);
      // Nothing enables it: it comes with the service.
      for (const unit of SOCKETS) {
        const socket = await unitState(host, unit);
        assert.deepEqual([socket.enabled, socket.active], ['static', 'inactive']);
      }
    },
  },
  {
    name: 'the units are as closed as they say: their scores stay below the limit, and their limits are as promised',
    flavours: ['debian12', 'debian13'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      const scores: string[] = [];
      for (const name of ['linux-patch-api', 'linux-patch-manager'] as const) {
        await installPackage(host, flavour, { name });
        const unit = `${name}.service` as const;
        await host.must('systemd-analyze', ['verify', '--man=no', `/usr/lib/systemd/system/${unit}`]);
        scores.push(await exposureOf(host, unit));
        const shown = await host.must('systemctl', [
          'show',
          unit,
          `--property=${Object.keys(PROMISED).join(',')}`,
        ]);
        const found = Object.fromEntries(
          shown
            .trim()
            .split('\n')
            .map((line) => line.split('=', 2)),
        );
        assert.deepEqual(found, PROMISED, unit);
      }
      for (const name of ['linux-patch-worker', 'linux-patch-refresh'] as const) {
        for (const unit of [`${name}.socket`, `${name}@.service`])
          await host.must('systemd-analyze', ['verify', '--man=no', `/usr/lib/systemd/system/${unit}`]);
        scores.push(await exposureOf(host, `${name}@check.service`));
      }
      // systemd shows a watchdog only of a unit that runs.
      for (const name of ['linux-patch-api', 'linux-patch-manager'])
        assert.match(await host.must('systemctl', ['cat', name]), /^WatchdogSec=120s$/m);
      return `exposure ${scores.join(', ')}`;
    },
  },
  {
    name: 'an agent that hangs is ended by the watchdog and started again',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await host.must('mkdir', ['-p', '/etc/systemd/system/linux-patch-api.service.d']);
      // The same watchdog, without two minutes of waiting.
      const dropIn = 'etc/systemd/system/linux-patch-api.service.d/quick.conf';
      await writeFile(join(host.disk, dropIn), '[Service]\nWatchdogSec=20s\nRestartSec=100ms\n');
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      const before = await untilStatus(host, /^Serving on/);
      await host.must('kill', ['-STOP', String(before.mainPid)]);
      const after = await askHost('another agent to serve', async () => {
        const state = await unitState(host);
        const serves = state.active === 'active' && state.statusText.startsWith('Serving on');
        return serves && state.mainPid !== before.mainPid ? state : undefined;
      });
      assert.equal(after.restarts, before.restarts + 1);
      await untilLogged(host, /[Ww]atchdog timeout/);
    },
  },
  {
    name: 'a manager runs as a user of its own, takes over the folder of one that ran as root, and obeys root alone',
    flavours: ['debian12', 'dnf'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      const unit = 'linux-patch-manager.service';
      const data = '/var/lib/linux_patch_manager';
      const init = ['init', '--url', 'https://patch.example.org:8443'];
      await installPackage(host, flavour, { name: 'linux-patch-manager' });
      // Started too early, it leaves a folder that is its own; what root makes there has to be its own, too.
      assert.notEqual((await host.run('systemctl', ['start', unit])).exitCode, 0);
      await host.must('linux-patch-manager', init);
      const served = async (): Promise<void> => {
        await host.must('systemctl', ['restart', unit]);
        const { mainPid } = await untilActive(host, ['active'], unit);
        const account = 'linux-patch-manager';
        assert.equal(await host.must('stat', ['-c', '%U', `/proc/${mainPid}`]), `${account}\n`);
        const places = [data, '/run/linux-patch-manager'];
        assert.equal(await host.must('find', [...places, '-not', '-user', account]), '');
        const modes = await host.must('stat', ['-c', '%a', places[1] ?? '', `${places[1]}/admin.sock`]);
        assert.equal(modes, '700\n600\n');
        assert.match(await host.must('linux-patch-manager', ['status']), /patch\.example\.org/);
      };
      await served();
      // As version 1.2 left it.
      await host.must('systemctl', ['stop', unit]);
      await host.must('sh', [
        '-ec',
        `chown -R root:root ${data}; umask 077; head -c 32 /dev/zero | base64 > ${data}/admin.token`,
      ]);
      await served();
      const refused = await host.run('setpriv', asNobody('linux-patch-manager', 'status'));
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /You may not use .*admin\.sock\. This command is for root/);
      await host.must('systemctl', ['stop', unit]);
      const down = await host.run('linux-patch-manager', ['status']);
      assert.equal(down.exitCode, 4);
      assert.match(down.stderr, /does not answer at \/run\/linux-patch-manager\/admin\.sock/);
    },
  },
  {
    name: 'a manager feeds its watchdog for longer than its interval; one that hangs is ended and started again',
    flavours: ['debian12'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      const unit = 'linux-patch-manager.service';
      await host.must('mkdir', ['-p', `/etc/systemd/system/${unit}.d`]);
      const dropIn = join(host.disk, `etc/systemd/system/${unit}.d/quick.conf`);
      await writeFile(dropIn, '[Service]\nWatchdogSec=6s\nRestartSec=100ms\n');
      await installPackage(host, flavour, { name: 'linux-patch-manager' });
      await host.must('linux-patch-manager', ['init', '--url', 'https://patch.example.org:8443']);
      await host.must('systemctl', ['restart', unit]);
      const before = await untilActive(host, ['active'], unit);
      await pause(15_000);
      const fed = await unitState(host, unit);
      assert.deepEqual([fed.mainPid, fed.restarts], [before.mainPid, before.restarts]);
      await host.must('kill', ['-STOP', String(before.mainPid)]);
      await askHost('another manager to serve', async () => {
        const state = await unitState(host, unit);
        return state.active === 'active' && state.mainPid !== before.mainPid ? true : undefined;
      });
    },
  },
  {
    name: 'a configuration with faults is waited out: STATUS names the fault, the unit is not started, and mended it goes on',
    flavours: ['debian12'],
    takesMinutes: true,
    hosts: 1,
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      await configureAgent(host, ['enrolment: {}', 'server: { port: "many" }']);
      await host.must('systemctl', ['start', '--no-block', 'linux-patch-api']);
      const waiting = await untilStatus(host, /^Not started: .*enrolment/, 'activating');
      assert.deepEqual([waiting.active, waiting.restarts], ['activating', 0]);
      const log = await host.must('journalctl', ['-u', 'linux-patch-api', '--no-pager']);
      assert.match(log, /config\.yaml:1:1 enrolment: .*did you mean "?enrollment/);
      assert.match(log, /config\.yaml:2:\d+ server\.port/);
      await configureAgent(host, ['{}']);
      assert.equal((await untilActive(host, ['inactive', 'failed'])).active, 'inactive');
      // Nobody mends it: the start itself fails, and says why.
      await configureAgent(host, ['enrolment: {}']);
      assert.notEqual((await host.run('systemctl', ['start', 'linux-patch-api'])).exitCode, 0);
      await configureAgent(host, ['{}']);
      assert.equal((await untilActive(host, ['inactive'])).active, 'inactive');
    },
  },
];
