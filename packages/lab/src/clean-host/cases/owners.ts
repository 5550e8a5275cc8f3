import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabHost } from '../../hosts/host.ts';
import { callAgent, installJob, untilJobEnds } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { configureAgent } from '../install.ts';
import { unitState, untilStatus } from '../unit.ts';
import { agentStatus } from '../world.ts';
import { servingHost } from './patching.ts';

const ACCOUNT = 'linux-patch-api';
const SETTINGS = '/etc/linux_patch_api';
const KEY = `${SETTINGS}/certs/server.key.pem`;
const FOLDERS = [`${SETTINGS}/certs`, '/var/lib/linux_patch_api', '/var/log/linux_patch_api'];

/** What the kernel says of the process that serves. */
export async function assertPowerless(host: LabHost): Promise<void> {
  const { mainPid } = await unitState(host);
  const status = await host.must('cat', [`/proc/${mainPid}/status`]);
  const uid = (await host.must('id', ['-u', ACCOUNT])).trim();
  assert.match(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    assert.match(status, new RegExp(`^${set}:\\s+0{16}$`, 'm'));
  assert.match(status, /^NoNewPrivs:\s+1$/m);
}

/** That nothing in the agent's folders is anybody else's, and nothing beside them is the agent's. */
export async function assertOwners(host: LabHost): Promise<void> {
  assert.equal(await host.must('find', [...FOLDERS, '-not', '-user', ACCOUNT]), '');
  const others = [SETTINGS, '/var/lib/linux_patch_worker', '/run/linux-patch-worker'];
  const own = ['-user', ACCOUNT, '-not', '-path', `${SETTINGS}/certs*`];
  assert.equal(await host.must('find', [...others, ...own]), '');
  const shown = await host.must('stat', [
    '-c',
    '%a %U:%G',
    SETTINGS,
    '/var/lib/linux_patch_worker',
    '/run/linux-patch/worker.sock',
  ]);
  assert.equal(shown, `755 root:root\n2750 root:${ACCOUNT}\n600 ${ACCOUNT}:${ACCOUNT}\n`);
}

/** Runs a command as whoever has broken into the agent: in its unit's sandbox, as its user. */
export function asAgent(host: LabHost, command: string) {
  const properties = ['User', 'NoNewPrivileges', 'CapabilityBoundingSet', 'ProtectSystem', 'ReadWritePaths'];
  const script = [
    'set -e',
    `set -- ${properties.map((one) => `"$(systemctl show linux-patch-api -p ${one})"`).join(' ')}`,
    'for one; do shift; set -- "$@" -p "$one"; done',
    `exec systemd-run --quiet --wait --pipe --collect "$@" sh -c "$COMMAND"`,
  ].join('\n');
  return host.run('sh', ['-c', script], { env: { COMMAND: command } });
}

const FORBIDDEN = [
  'cat /etc/shadow',
  'systemctl stop ssh.service systemd-journald.service',
  'systemctl restart linux-patch-worker.socket',
  'systemd-run --quiet --wait true',
  'touch /etc/linux_patch_api/policy.yaml',
  'touch /etc/linux_patch_api/config.yaml',
  'touch /var/lib/linux_patch_worker/orders/x',
  'touch /var/lib/linux_patch_worker/x',
  'cat /var/lib/linux_patch_worker/orders/*',
  'touch /usr/lib/linux-patch-api/x',
  'touch /var/lib/dpkg/x',
  'dpkg --remove toyhello',
  'apt-get remove -y toyhello',
];

export const OWNERS: readonly CleanHostCase[] = [
  {
    name: 'the agent is a user without power: whoever runs code as it reads no secret of root, stops nothing, writes nothing beside its folders and changes no package; jobs are done all the same',
    flavours: ['debian12', 'debian13'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, ['toyhello']);
      await assertPowerless(host);
      await assertOwners(host);
      for (const command of FORBIDDEN) {
        const result = await asAgent(host, command);
        assert.notEqual(result.exitCode, 0, `${command}: ${result.stdout}`);
      }
      const allowed = await asAgent(host, `id -un; test -r ${KEY} && ls /var/lib/linux_patch_worker/run`);
      assert.equal(allowed.exitCode, 0, allowed.stderr);
      assert.match(allowed.stdout, new RegExp(`^${ACCOUNT}$`, 'm'));
      assert.equal((await host.run('dpkg', ['-s', 'toyhello'])).exitCode, 0);
      const id = await installJob(world, manager, host, 'toylib');
      const job = await untilJobEnds(world, manager, host, id);
      assert.deepEqual([job.status, job.error_code], ['completed', null]);
      await assertOwners(host);
      const { findings } = JSON.parse(
        (await host.run('linux-patch-api', ['doctor', '--json', '--offline'])).stdout,
      ) as { findings: { code: string }[] };
      assert.deepEqual(findings, []);
    },
  },
  {
    name: 'what root does with the agent leaves its folders the agent’s, settings that only root can read are gone by, and certificates that root copied are served',
    flavours: ['debian13'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      const { serial } = (await agentStatus(host)).identity;
      // As a configuration tool writes it: nobody but root reads it.
      const lines = [`enrollment: { manager_url: "${manager.url}" }`, 'logging: { level: debug }'];
      await configureAgent(host, lines);
      await host.must('chmod', ['0600', `${SETTINGS}/config.yaml`]);
      await host.must('chgrp', ['root', `${SETTINGS}/config.yaml`]);
      assert.equal(await host.must('stat', ['-c', '%a %U', `${SETTINGS}/config.yaml`]), '600 root\n');
      await host.must('systemctl', ['restart', 'linux-patch-api']);
      await untilStatus(host, /^Serving on/);
      await host.must('linux-patch-api', ['--renew-certs']);
      await host.must('linux-patch-api', ['doctor', '--fix', '--offline']);
      await host.must('linux-patch-api', ['status']);
      await assertOwners(host);
      // A copy, as it is put back from a backup.
      await host.must('sh', [
        '-ec',
        `cd ${SETTINGS}; cp -rL certs /root/kept; rm -rf certs/*; cp /root/kept/ca.pem /root/kept/server.pem /root/kept/server.key.pem certs/; chown -R root:root certs`,
      ]);
      await host.must('systemctl', ['restart', 'linux-patch-api']);
      await untilStatus(host, /^Serving on/);
      assert.equal((await agentStatus(host)).identity.serial, serial);
      await assertOwners(host);
      assert.equal((await callAgent(world, manager, host, ['/system/services'])).error, null);
      await host.must('linux-patch-api', ['leave', '--force']);
      assert.equal(await host.must('find', ['/var/lib/linux_patch_api', '-not', '-user', ACCOUNT]), '');
      // As in an image: the folders are gone, and the agent could make none beside root's settings.
      await host.must('rm', [
        '-rf',
        `${SETTINGS}/certs`,
        '/var/lib/linux_patch_api',
        '/var/lib/linux_patch_worker',
      ]);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^(?:Enrolling with|Asking|Waiting for approval)/);
      await assertOwners(host);
    },
  },
  {
    name: 'a root agent is followed by one that is not: folders change hands once, and the pinned key, jobs and identity stay',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      const { serial } = (await agentStatus(host)).identity;
      // As releases before left it.
      await host.must('systemctl', ['stop', 'linux-patch-api', 'linux-patch-worker.socket']);
      await host.must('chown', ['-R', 'root:root', ...FOLDERS, '/var/lib/linux_patch_worker']);
      await host.must('chmod', ['0700', '/var/lib/linux_patch_worker', '/var/lib/linux_patch_worker/run']);
      // What the agent could lay is given to nobody.
      await writeFile(join(host.disk, 'etc/beside'), 'root', { mode: 0o600 });
      await host.must('ln', ['-s', '/etc/beside', '/var/lib/linux_patch_api/link']);
      await host.must('ln', ['/etc/beside', '/var/lib/linux_patch_api/other-name']);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^Serving on/);
      assert.equal(await host.must('stat', ['-c', '%a %U', '/etc/beside']), '600 root\n');
      await host.must('rm', ['/var/lib/linux_patch_api/link', '/var/lib/linux_patch_api/other-name']);
      await assertPowerless(host);
      await assertOwners(host);
      assert.equal((await agentStatus(host)).identity.serial, serial);
      assert.equal((await callAgent(world, manager, host, ['/packages?refresh=true'])).error, null);
    },
  },
];
