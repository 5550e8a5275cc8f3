import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import { startProgram } from '../../process.ts';
import { waitFor } from '../../wait.ts';
import type { CleanHostCase } from '../case.ts';
import { configureAgent, installPackage } from '../install.ts';
import { assertNeverRestarted, unitState, untilActive, untilLogged, untilStatus } from '../unit.ts';
import { agentStatus, approveByCode, type World } from '../world.ts';

/** Clients that hold connections to the agent from the hub, and close them when the agent's side goes away; with their ports. */
async function connectClients(world: World, host: LabHost, count: number) {
  const script = [
    `const { connect } = require('node:net'); const ports = []; let left = ${count};`,
    `for (let i = 0; i < ${count}; i += 1) connect(12443, '${host.address}').on('connect', function () {`,
    `if (ports.push(this.localPort) === ${count}) console.log('ports ' + ports.join(' ')) }).on('error', () => {})`,
    `.on('end', () => {}).on('close', () => { if (--left === 0) process.exit() }).resume()`,
  ].join('\n');
  const connected = Promise.withResolvers<readonly string[]>();
  const program = startProgram({
    program: 'ip',
    args: ['netns', 'exec', world.network.hub, process.execPath, '-e', script],
    logFile: '/dev/null',
    onLine: (line) => (line.startsWith('ports ') ? connected.resolve(line.split(' ').slice(1)) : undefined),
  });
  const ports = await waitFor('clients to connect', connected.promise);
  return { ports, closed: program.exited, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

export const POWER: readonly CleanHostCase[] = [
  {
    name: 'a reboot while waiting for approval: the same request goes on',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilStatus(host, /^Waiting for approval/);
      const code = (await agentStatus(host)).enrollment?.host_code;
      await host.reboot();
      await untilStatus(host, /^Waiting for approval/);
      assert.equal((await agentStatus(host)).enrollment?.host_code, code);
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const { enrollments } = (await manager.json('enrollments', 'list', '--state', 'all')) as {
        enrollments: unknown[];
      };
      assert.equal(enrollments.length, 1);
    },
  },
  {
    name: 'a power cut while waiting, approval meanwhile, power back: serves without a person',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilStatus(host, /^Waiting for approval/);
      const [request] = ((await manager.json('enrollments', 'list')) as { enrollments: { id: string }[] })
        .enrollments;
      const code = (await agentStatus(host)).enrollment?.host_code ?? '';
      await host.cutPower();
      await manager.json('enrollments', 'approve', request?.id ?? '', '--code', code);
      await host.restorePower();
      await untilStatus(host, /^Serving on/);
      await host.cutPower();
      await host.restorePower();
      await untilStatus(host, /^Serving on/);
    },
  },
  {
    name: 'kill -9 with connections in TIME_WAIT: systemd starts it again after ten seconds, and it can bind',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      const before = await untilStatus(host, /^Serving on/);
      await manager.json('packages', host.name);
      await using clients = await connectClients(world, host, 5);
      // The manager keeps a connection of its own, too.
      const theirs = (sockets: string) =>
        sockets
          .split('\n')
          .filter((line) => clients.ports.some((port) => new RegExp(`:${port}\\b`).test(line)));
      // What waits in the listener's queue when it dies is reset, and leaves nothing in TIME_WAIT: a socket without a
      // process in ss(8) is such a one.
      await askHost('the agent to accept the connections', async () => {
        const open = await host.must('ss', ['-Htnp', 'state', 'established', 'sport', '=', ':12443']);
        return theirs(open).filter((line) => line.includes('pid=')).length === 5 || undefined;
      });
      const killedMs = Date.now();
      await host.must('kill', ['-9', String(before.mainPid)]);
      await clients.closed;
      const after = await askHost('another agent to serve', async () => {
        const state = await unitState(host);
        const serves = state.active === 'active' && state.statusText.startsWith('Serving on');
        return serves && state.mainPid !== before.mainPid ? state : undefined;
      });
      assert.ok(Date.now() - killedMs > 9_000, 'it was started again too soon');
      const old = await host.must('ss', ['-Htan', 'state', 'time-wait', 'sport', '=', ':12443']);
      assert.equal(theirs(old).length, 5, `connections in TIME_WAIT: ${old}`);
      assert.equal(after.restarts, 1);
      await manager.json('packages', host.name);
    },
  },
  {
    name: 'the manager is down when the host starts: the agent waits inside its process and joins when it is back',
    flavours: ['debian12'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      await configureAgent(host, [`enrollment: { manager_url: "https://${world.network.hubAddress}:8443" }`]);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      const trying = await untilStatus(host, /^Enrolling with https:.*does not answer/);
      const manager = await world.startManager();
      await untilStatus(host, /^Waiting for approval/);
      await approveByCode(host, manager);
      assertNeverRestarted(trying, await untilStatus(host, /^Serving on/));
    },
  },
  {
    name: 'the cable is pulled while waiting and put back: joins in the same process',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      const waiting = await untilStatus(host, /^Waiting for approval/);
      await host.setCable('down');
      await host.setCable('up');
      await approveByCode(host, manager);
      assertNeverRestarted(waiting, await untilStatus(host, /^Serving on/));
    },
  },
  {
    name: 'a denial ends the service cleanly, and a person starting it asks once more',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilStatus(host, /^Waiting for approval/);
      const [request] = ((await manager.json('enrollments', 'list')) as { enrollments: { id: string }[] })
        .enrollments;
      // Only somebody who knows the host's code can deny a host that knows its manager by nothing else.
      const code = (await agentStatus(host)).enrollment?.host_code ?? '';
      await manager.json(
        'enrollments',
        'deny',
        request?.id ?? '',
        '--reason',
        'not one of ours',
        '--code',
        code,
      );
      const ended = await untilActive(host, ['inactive', 'failed']);
      assert.deepEqual([ended.active, ended.exitStatus, ended.restarts], ['inactive', 0, 0]);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^Waiting for approval/);
    },
  },
  {
    name: 'another process holds the port: its name and pid are in the log, and it serves when the port is free',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      await host.must('systemctl', ['stop', 'linux-patch-api']);
      const holder = "require('net').createServer().listen(12443, '::')";
      await host.must('systemd-run', ['--unit=holder', '/usr/lib/linux-patch-api/node', '-e', holder]);
      await askHost('the port to be taken', async () =>
        (await host.must('ss', ['-Hltn'])).includes(':12443') ? true : undefined,
      );
      // Not READY while it waits for the port, so nobody waits for the start.
      await host.must('systemctl', ['start', '--no-block', 'linux-patch-api']);
      const log = await untilLogged(host, /Cannot listen on .*12443: the port is in use by/);
      const pid = (await host.must('systemctl', ['show', '-P', 'MainPID', 'holder'])).trim();
      assert.match(log, new RegExp(`\\b${pid}\\b`));
      await host.must('systemctl', ['stop', 'holder']);
      await untilStatus(host, /^Serving on/);
    },
  },
  {
    name: 'a full disk while the certificates are installed: waits, says so, and goes on when there is room',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour, { diskSize: '400m' });
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilStatus(host, /^Waiting for approval/);
      const [request] = ((await manager.json('enrollments', 'list')) as { enrollments: { id: string }[] })
        .enrollments;
      const code = (await agentStatus(host)).enrollment?.host_code ?? '';
      const filler = join(host.disk, 'filler');
      await host.run('sh', ['-c', 'cat /dev/zero >/filler']);
      await manager.json('enrollments', 'approve', request?.id ?? '', '--code', code);
      await untilStatus(host, /no space|disk|ENOSPC/i);
      await writeFile(filler, '');
      await untilStatus(host, /^Serving on/);
    },
  },
];
