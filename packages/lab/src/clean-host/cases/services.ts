import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, ServiceList, ServiceState } from '@linux-patch/contract';
import { refreshLists } from '../../apt/lists.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { untilServing } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { installPackage } from '../install.ts';
import { approveByCode, type World } from '../world.ts';

const LIBRARY = '/usr/lib/toyd/libc.so.6';
const UNIT = '/etc/systemd/system/toyd.service';

/** The C library of a host as the library of a package, in a version. */
async function publishLibrary(world: World, host: LabHost, version: string): Promise<void> {
  const content = await readFile(join(host.disk, 'usr/lib/x86_64-linux-gnu/libc.so.6'));
  const files = { [LIBRARY]: content };
  await world.shelf.publish('toyd', {
    packages: [{ name: 'libtoyd', version, architecture: 'amd64', files }],
  });
}

async function writeUnit(host: LabHost, command: string): Promise<void> {
  const lines = ['[Unit]', 'Description=A toy', '[Service]', 'Environment=LD_LIBRARY_PATH=/usr/lib/toyd'];
  await writeFile(join(host.disk, UNIT), [...lines, `ExecStart=${command}`, ''].join('\n'));
  await host.must('systemctl', ['daemon-reload']);
}

async function allow(host: LabHost, ...operations: string[]): Promise<void> {
  const file = join(host.disk, 'etc/linux_patch_api/policy.yaml');
  await writeFile(file, `allowed_operations: [${operations.join(', ')}]\n`, { mode: 0o644 });
}

/** What the command line says that fails. */
export async function refusal(manager: ManagerProcess, ...args: string[]): Promise<string> {
  const said: string[] = [];
  const code = await manager.show((line) => said.push(line), ...args);
  assert.notEqual(code, 0, said.join('\n'));
  return said.join('\n');
}

const oldOnes = async (manager: ManagerProcess, host: LabHost) =>
  ((await manager.json('services', host.name, '--outdated')) as ServiceList).services
    .filter((one) => one.old_code === 'yes')
    .map((one) => one.name);

async function audited(host: LabHost): Promise<unknown[]> {
  const lines = (await host.must('cat', ['/var/log/linux_patch_api/audit.log'])).split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as { event: string; details: { service: string } })
    .filter(({ event }) => event.startsWith('service_'))
    .map(({ event, details }) => [event, details.service]);
}

export const SERVICES: readonly CleanHostCase[] = [
  {
    name: 'a service that runs old code after a library update is named, restarted through the manager, and named no more',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour, { suites: ['bookworm', 'toyd'] });
      await publishLibrary(world, host, '1.0-1');
      await refreshLists(host);
      await host.must('apt-get', ['install', '-y', '-qq', 'libtoyd']);
      await writeUnit(host, '/usr/bin/sleep infinity');
      await host.must('systemctl', ['start', 'toyd']);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilServing(host, flavour);

      await publishLibrary(world, host, '1.1-1');
      const patched = (await manager.json('patch', host.name, '--all', '--wait')) as Job;
      assert.deepEqual(patched.old_code?.services, ['toyd.service']);
      assert.deepEqual(await oldOnes(manager, host), ['toyd.service']);
      const before = (await manager.json('services', host.name, 'toyd')) as ServiceState;
      assert.deepEqual(
        [before.active_state, before.sub_state, before.old_code],
        ['active', 'running', 'yes'],
      );
      assert.deepEqual([before.display_name, before.load_state], ['A toy', 'loaded']);
      assert.ok(Date.now() - Date.parse(before.since ?? '') < 600_000, `since ${before.since}`);
      assert.match(await refusal(manager, 'services', host.name, 'gone'), /no service named gone\.service/);

      const restart = ['restart-service', host.name, 'toyd', '--wait'] as const;
      assert.match(await refusal(manager, ...restart), /restart-service may not be asked for/);
      await allow(host, 'update', 'restart-service');
      for (const name of ['dbus', 'systemd-logind', 'dbus-org.freedesktop.login1', 'linux-patch-api'])
        assert.match(
          await refusal(manager, 'restart-service', host.name, name, '--wait'),
          /is not restarted/,
        );
      const done = (await manager.json(...restart)) as Job;
      assert.match(done.message, /^toyd\.service was restarted and runs the code that lies on the disk now/);
      assert.deepEqual(done.old_code?.services, []);
      assert.deepEqual(await oldOnes(manager, host), []);
      const after = (await manager.json('services', host.name, 'toyd')) as ServiceState;
      assert.notEqual(after.main_pid, before.main_pid);
      assert.deepEqual([after.old_code, after.healthy], ['no', true]);

      await writeUnit(host, '/bin/sh -c "echo it is broken; exit 7"');
      assert.match(await refusal(manager, ...restart), /exit status 7/);
      const { jobs } = (await manager.json('jobs', host.name)) as { jobs: { job_id: string }[] };
      const failed = (await manager.json('jobs', host.name, jobs[0]?.job_id ?? '')) as Job;
      const { service } = failed.error_details ?? {};
      assert.deepEqual([service?.result, service?.exit_status], ['exit-code', 7]);
      assert.ok(service?.journal.includes('it is broken'), JSON.stringify(service));
      await host.must('systemctl', ['stop', 'toyd']);
      await host.must('systemctl', ['reset-failed', 'toyd']);
      assert.match(await refusal(manager, ...restart), /it does not run \(inactive\)/);
      assert.deepEqual(await audited(host), [
        ['service_restarted', 'toyd.service'],
        ['service_restart_failed', 'toyd.service'],
      ]);
    },
  },
];
