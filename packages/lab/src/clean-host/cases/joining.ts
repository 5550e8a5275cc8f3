import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { askHost } from '../../hosts/ask-host.ts';
import { makeOpensslIdentity } from '../../openssl-identity.ts';
import { startProgram } from '../../process.ts';
import { waitFor } from '../../wait.ts';
import { untilServing } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { configureAgent, installPackage } from '../install.ts';
import {
  assertNeverRestarted,
  listeners,
  unitState,
  untilActive,
  untilLogged,
  untilStatus,
} from '../unit.ts';
import { agentStatus, approveByCode, placeJoinString, type World } from '../world.ts';

/** A manager of the older generation that has a host of this name or machine, where the real one will be. */
async function startKnowingManager(world: World): Promise<AsyncDisposable & { readonly url: string }> {
  const { hub, hubAddress: address } = world.network;
  const folder = await mkdtemp(join(world.shelf.folder, 'knowing-'));
  const identity = await makeOpensslIdentity({ folder, fqdn: 'manager', address, commonName: 'manager' });
  const script = [
    "const { readFileSync } = require('node:fs');",
    'const [cert, key] = process.argv.slice(1).map((path) => readFileSync(path));',
    "require('node:https').createServer({ cert, key }, (request, response) => {",
    "  request.resume(); response.writeHead(409, { 'content-type': 'application/json' });",
    `  response.end('{"error":"Host already exists"}');`,
    `}).listen(8443, '${address}', () => console.log('listening'));`,
  ].join('\n');
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  const program = startProgram({
    program: 'ip',
    args: ['netns', 'exec', hub, process.execPath, '-e', script, identity.certificate, identity.key],
    logFile: join(folder, 'log'),
    onLine: (line) => line === 'listening' && resolve(),
  });
  await waitFor('the manager that knows the host', listening);
  return { url: `https://${address}:8443`, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

export const JOINING: readonly CleanHostCase[] = [
  {
    name: 'a join string in its file and the URL while installing: serves, and no person was needed',
    // With systemd the fleet's hosts join so, and those of the pasted line.
    flavours: ['pacman', 'openrc'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await placeJoinString([host], manager);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilServing(host, flavour);
      if (flavour !== 'openrc') assert.equal((await unitState(host)).restarts, 0);
      await manager.json('packages', host.name);
    },
  },
  {
    name: 'a join string in the credential store of systemd: serves, and no person was needed',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await placeJoinString([host], manager, '/etc/credstore/linux-patch-join');
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await untilServing(host, flavour);
      await manager.json('packages', host.name);
    },
  },
  {
    name: 'an install without a manager starts nothing and says three ways to go on; one line of configuration later it waits in sight, is approved and serves in the same process',
    flavours: ['dnf', 'dnf5'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      const { stdout, stderr } = await installPackage(host, flavour);
      assert.match(stdout + stderr, /Three ways to go on/);
      const installed = await unitState(host);
      assert.deepEqual([installed.active, installed.enabled], ['inactive', 'enabled']);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      const started = await untilActive(host, ['inactive', 'failed']);
      assert.deepEqual([started.active, started.exitStatus, started.restarts], ['inactive', 0, 0]);
      await untilLogged(host, /enrollment\.manager_url is not set/);
      await configureAgent(host, [`enrollment: { manager_url: "${manager.url}" }`]);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      const waiting = await untilStatus(host, /Waiting for approval at https:.*code: linux-patch-api status/);
      assert.match(await host.must('systemctl', ['status', 'linux-patch-api']), /Waiting for approval/);
      await approveByCode(host, manager);
      const serving = await untilStatus(host, /^Serving on/);
      assertNeverRestarted(waiting, serving);
      assert.match(await listeners(host), /:12443\b/);
      assert.equal((await agentStatus(host)).identity.status, 'valid');
      const listed = (await manager.json('packages', host.name)) as { packages: unknown[] };
      assert.ok(listed.packages.length > 0, 'the manager cannot list packages');
    },
  },
  {
    name: 'HTTP 409, the host is known already: it says what to remove on the manager, asks on, and joins in the same process when that is done',
    flavours: ['debian12'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      let waiting: Awaited<ReturnType<typeof untilStatus>>;
      {
        await using knowing = await startKnowingManager(world);
        await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: knowing.url } });
        waiting = await untilStatus(
          host,
          /^Enrolling with .*already knows this host.*remove what is out of date/,
        );
        const doctor = await host.run('linux-patch-api', ['doctor']);
        assert.match(doctor.stdout, /already/);
      }
      const manager = await world.startManager();
      await approveByCode(host, manager);
      assertNeverRestarted(waiting, await untilStatus(host, /^Serving on/));
    },
  },
  {
    name: '--enroll waits for the approval, ends with 0 and holds no port; the service then serves with what it got',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      const enrolling = host.run('linux-patch-api', ['--enroll', manager.url]);
      await approveByCode(host, manager);
      const { exitCode, stderr } = await enrolling;
      assert.equal(exitCode, 0, stderr);
      assert.doesNotMatch(await listeners(host), /:12443\b/);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^Serving on/);
      const again = await host.run('linux-patch-api', ['--renew-certs']);
      assert.equal(again.exitCode, 0, again.stderr);
      await untilStatus(host, /^Serving on/);
    },
  },
  {
    name: 'beside the service that waits a second one ends and names it, and --enroll waits for it without asking again',
    flavours: ['debian12'],
    limitMs: 5 * 60_000,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      const waiting = await untilStatus(host, /^Waiting for approval/);
      // One that is not refused would serve until somebody ends it.
      const second = await host.run('timeout', ['60', 'linux-patch-api']);
      assert.equal(second.exitCode, 1, second.stderr);
      assert.match(second.stdout + second.stderr, new RegExp(`process ${waiting.mainPid}\\b`));
      const log = '/root/enrolling.log';
      const command = 'linux-patch-api --enroll "$0" >"$1" 2>&1';
      const enrolling = host.run('sh', ['-c', command, manager.url, log]);
      await askHost('the command to wait for the service', async () => {
        const { stdout } = await host.run('cat', [log]);
        return /Another process of this host is getting it an identity/.test(stdout) || undefined;
      });
      await approveByCode(host, manager);
      assert.equal((await enrolling).exitCode, 0, await host.must('cat', [log]));
      assertNeverRestarted(waiting, await untilStatus(host, /^Serving on/));
      const { enrollments } = (await manager.json('enrollments', 'list', '--state', 'all')) as {
        enrollments: unknown[];
      };
      assert.equal(enrollments.length, 1);
    },
  },
];
