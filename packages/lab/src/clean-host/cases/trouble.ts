import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import type { CleanHostCase } from '../case.ts';
import { configureAgent, installPackage } from '../install.ts';
import { assertNeverRestarted, unitState, untilActive, untilLogged, untilStatus } from '../unit.ts';
import { agentStatus, approveByCode, type World } from '../world.ts';

const SECOND_MS = 1000;
/** Of an agent's certificate. */
const LIFE_DAYS = 30;
/** A renewal so many days before its end is before any that is drawn. */
const EARLY_DAYS = 14;
/** Sets the clock of one program (package libfaketime). */
export const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** The one request that waits, and the code that the host shows. */
async function waitingRequest(host: LabHost, manager: ManagerProcess): Promise<readonly string[]> {
  const listed = (await manager.json('enrollments', 'list')) as { enrollments: { id: string }[] };
  const code = (await agentStatus(host)).enrollment?.host_code;
  const id = listed.enrollments[0]?.id;
  assert.ok(id && code, 'no request or no code');
  return [id, '--code', code];
}

/** The first line that joins a host, and an agent that waits. */
async function waitingHost(
  manager: ManagerProcess,
  host: LabHost,
  flavour: Parameters<typeof installPackage>[1],
) {
  await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
  return untilStatus(host, /^Waiting for approval/);
}

/** A host that waits at a manager of which hosts get certificates for `LIFE_DAYS`. */
async function waitingForShortLife(world: World, flavour: Parameters<typeof installPackage>[1]) {
  const configuration = [`certificates: { agent_days: ${LIFE_DAYS} }`];
  const before = await world.startManager({ configuration });
  const host = await world.newHost(flavour);
  await waitingHost(before, host, flavour);
  return { configuration, before, host };
}

/**
 * Cuts the power of the host for so many days: from then on all clocks are where they will be, the manager's too.
 * @returns environment of programs that live by that time, and the manager
 */
async function switchOffFor(
  days: number,
  {
    world,
    host,
    before,
    configuration,
  }: {
    readonly world: World;
    readonly host: LabHost;
    readonly before: ManagerProcess;
    readonly configuration: readonly string[];
  },
): Promise<{ readonly clock: Readonly<Record<string, string>>; readonly manager: ManagerProcess }> {
  const time = { FAKETIME: `+${days}d`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  await host.cutPower();
  await before[Symbol.asyncDispose]();
  await copyFile(FAKETIME, join(host.disk, 'usr/lib/libfaketime.so.1'));
  const folder = join(host.disk, 'etc/systemd/system/linux-patch-api.service.d');
  await mkdir(folder, { recursive: true });
  const clock = { ...time, LD_PRELOAD: '/usr/lib/libfaketime.so.1' };
  const lines = Object.entries(clock).map(([name, value]) => `Environment=${name}=${value}`);
  await writeFile(join(folder, 'clock.conf'), `${['[Service]', ...lines].join('\n')}\n`);
  const manager = await world.startManager({ configuration, env: { ...time, LD_PRELOAD: FAKETIME } });
  await host.restorePower();
  return { clock, manager };
}

export const TROUBLE: readonly CleanHostCase[] = [
  {
    name: 'a power cut and a reboot while the certificates cannot be installed: installs them when there is room',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour, { diskSize: '400m' });
      await waitingHost(manager, host, flavour);
      const request = await waitingRequest(host, manager);
      await host.run('sh', ['-c', 'cat /dev/zero >/filler']);
      await manager.json('enrollments', 'approve', ...request);
      await untilStatus(host, /no space|disk|ENOSPC/i);
      await host.cutPower();
      await host.restorePower();
      await untilStatus(host, /no space|disk|ENOSPC/i);
      await host.reboot();
      const stuck = await untilStatus(host, /no space|disk|ENOSPC/i);
      await writeFile(join(host.disk, 'filler'), '');
      assertNeverRestarted(stuck, await untilStatus(host, /^Serving on/));
    },
  },
  {
    name: 'power cuts at any moment after the approval: every host serves after the next boot',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      for (const delayMs of [20, 120, 350]) {
        const host = await world.newHost(flavour);
        await waitingHost(manager, host, flavour);
        const request = await waitingRequest(host, manager);
        const approved = manager.json('enrollments', 'approve', ...request);
        await approved;
        await pause(delayMs);
        await host.cutPower();
        await host.restorePower();
        await untilStatus(host, /^Serving on/);
      }
    },
  },
  {
    name: 'a read-only /etc: waits inside its process, says so, and installs the certificates when it may write',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await waitingHost(manager, host, flavour);
      const request = await waitingRequest(host, manager);
      // A file system of its own, because its state is the same in every namespace, the service's included.
      const copy =
        'mkdir /run/etc; mount -t tmpfs etc /run/etc; cp -a /etc/. /run/etc/; mount --bind /run/etc /etc';
      await host.must('sh', ['-ec', copy]);
      await host.must('systemctl', ['restart', 'linux-patch-api']);
      await untilStatus(host, /^Waiting for approval/);
      await host.must('mount', ['-o', 'remount,ro', '/run/etc']);
      await manager.json('enrollments', 'approve', ...request);
      const stuck = await untilStatus(host, /read-only|EROFS/i);
      await host.must('mount', ['-o', 'remount,rw', '/run/etc']);
      const after = await untilStatus(host, /^Serving on/);
      assertNeverRestarted(stuck, after);
    },
  },
  {
    name: 'a host gets another name: it goes on serving with its identity, also after a reboot',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await waitingHost(manager, host, flavour);
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const { serial } = (await agentStatus(host)).identity;
      await writeFile(join(host.disk, 'etc/hostname'), 'renamed\n');
      const hosts = await readFile(join(host.disk, 'etc/hosts'), 'utf8');
      await writeFile(join(host.disk, 'etc/hosts'), hosts.replaceAll(host.name, 'renamed'));
      await host.must('hostname', ['renamed']);
      await host.reboot();
      await untilStatus(host, /^Serving on/);
      assert.equal((await agentStatus(host)).identity.serial, serial);
      await manager.json('packages', host.name);
    },
  },
  {
    name: 'the certificate expires while the host is switched off: it comes back and gets a new one',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { configuration, before, host } = await waitingForShortLife(world, flavour);
      await approveByCode(host, before);
      await untilStatus(host, /^Serving on/);
      const { serial } = (await agentStatus(host)).identity;
      const { clock, manager } = await switchOffFor(LIFE_DAYS + 3, { world, host, before, configuration });
      const state = await askHost('the host to serve or to ask', async () => {
        const { active, statusText } = await unitState(host);
        if (active === 'active' && statusText.startsWith('Waiting for approval')) return 'asked again';
        const { identity } = await agentStatus(host, clock);
        return identity.serial !== null && identity.serial !== serial ? 'renewed' : undefined;
      });
      if (state === 'asked again') await approveByCode(host, manager);
      assert.equal((await untilStatus(host, /^Serving on/)).restarts, 0);
      assert.notEqual((await agentStatus(host, clock)).identity.serial, serial);
      await manager.json('packages', host.name);
      return state;
    },
  },
  {
    name: 'the polling token and the renewal threshold of the configuration count: the request of that token goes on, and the certificate is renewed that early',
    flavours: ['debian12'],
    takesMinutes: true,
    hosts: 1,
    async run(world, flavour) {
      const { configuration, before, host } = await waitingForShortLife(world, flavour);
      await host.must('systemctl', ['stop', 'linux-patch-api']);
      // As agents before this one kept it: the token in the configuration, the rest in the state.
      const stateFile = join(host.disk, 'var/lib/linux_patch_api/enrollment.json');
      const { polling_token: token, ...state } = JSON.parse(await readFile(stateFile, 'utf8')) as {
        polling_token: string;
      };
      await writeFile(stateFile, JSON.stringify(state));
      await configureAgent(host, [
        'enrollment:',
        `  manager_url: "${before.url}"`,
        `  polling_token: ${token}`,
        `  cert_renewal_threshold_days: ${EARLY_DAYS}`,
      ]);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await approveByCode(host, before);
      await untilStatus(host, /^Serving on/);
      const { enrollments } = (await before.json('enrollments', 'list', '--state', 'all')) as {
        enrollments: unknown[];
      };
      assert.equal(enrollments.length, 1, 'the host has asked once more');
      const { serial } = (await agentStatus(host)).identity;
      // Without the threshold nobody renews before 60 % of the life.
      const daysOff = LIFE_DAYS - EARLY_DAYS + 1;
      assert.ok(daysOff < 0.6 * LIFE_DAYS);
      const { clock, manager } = await switchOffFor(daysOff, { world, host, before, configuration });
      await askHost('the renewed certificate', async () => {
        const { identity } = await agentStatus(host, clock);
        return (identity.serial !== null && identity.serial !== serial) || undefined;
      });
      assert.equal((await untilStatus(host, /^Serving on/)).restarts, 0);
      await manager.json('packages', host.name);
    },
  },
  {
    name: '--renew-certs: nothing to do, nothing to do it with, and a new identity after one approval',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      const without = await host.run('linux-patch-api', ['--renew-certs']);
      assert.equal(without.exitCode, 1, without.stderr);
      assert.match(without.stderr, /enrollment\.manager_url/);
      await configureAgent(host, [`enrollment: { manager_url: "${manager.url}" }`]);
      const joining = host.run('linux-patch-api', ['--renew-certs']);
      await approveByCode(host, manager);
      const joined = await joining;
      assert.equal(joined.exitCode, 0, joined.stderr);
      const { serial } = (await agentStatus(host)).identity;
      await host.must('systemctl', ['start', 'linux-patch-api']);
      const serving = await untilStatus(host, /^Serving on/);
      const again = await host.run('linux-patch-api', ['--renew-certs']);
      assert.equal(again.exitCode, 0, again.stderr);
      assert.equal((await agentStatus(host)).identity.serial, serial);
      assertNeverRestarted(serving, await untilStatus(host, /^Serving on/));
    },
  },
  {
    name: 'exit codes: 2 when told to stop while waiting is no failure, 2 when it gave up is tried again, 0 is left',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await waitingHost(manager, host, flavour);
      await host.must('systemctl', ['stop', 'linux-patch-api']);
      const stopped = await unitState(host);
      assert.deepEqual([stopped.active, stopped.exitStatus, stopped.result], ['inactive', 2, 'success']);
      await configureAgent(host, [
        `enrollment: { manager_url: "${manager.url}", max_poll_attempts: 1, polling_interval_seconds: 1 }`,
      ]);
      await manager[Symbol.asyncDispose]();
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^Enrolling with/);
      // Somebody else ends it: systemd takes the code for "not finished" and starts it again after ten seconds.
      const before = await unitState(host);
      await host.must('kill', ['-TERM', String(before.mainPid)]);
      const again = await askHost('the agent to be started again', async () => {
        const state = await unitState(host);
        return state.restarts === 1 && state.active === 'active' ? state : undefined;
      });
      assert.notEqual(again.mainPid, before.mainPid);
      await configureAgent(host, ['{}']);
      await host.must('systemctl', ['restart', 'linux-patch-api']);
      const left = await untilActive(host, ['inactive', 'failed']);
      assert.deepEqual([left.active, left.exitStatus, left.restarts], ['inactive', 0, 0]);
      await untilLogged(host, /enrollment\.manager_url is not set/);
    },
  },
  {
    name: 'the manager is down for ten minutes, then up: joins in the same process, and no start was counted',
    flavours: ['debian12'],
    takesMinutes: true,
    hosts: 1,
    limitMs: 25 * 60_000,
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      await configureAgent(host, [`enrollment: { manager_url: "https://${world.network.hubAddress}:8443" }`]);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      const trying = await untilStatus(host, /^Enrolling with https:.*does not answer/);
      await pause(10 * 60 * SECOND_MS);
      const manager = await world.startManager();
      const sinceMs = Date.now();
      // The pauses between tries grow to five minutes.
      const waiting = await askHost(
        'the agent to ask again',
        async () => {
          const state = await unitState(host);
          return state.statusText.startsWith('Waiting for approval') ? state : undefined;
        },
        6 * 60 * SECOND_MS,
      );
      const secondsLater = Math.round((Date.now() - sinceMs) / SECOND_MS);
      await approveByCode(host, manager);
      assertNeverRestarted(trying, waiting);
      assertNeverRestarted(trying, await untilStatus(host, /^Serving on/));
      return `asked again ${secondsLater} s after the manager came up`;
    },
  },
];
