import assert from 'node:assert/strict';
import type { JobList } from '@linux-patch/contract';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { installJob, untilJobEnds, untilUnpacked } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { untilStatus } from '../unit.ts';
import { offerUpdates } from '../world.ts';
import { asAgent } from './owners.ts';
import { servingHost } from './patching.ts';

const PROGRAMS = '/usr/lib/linux-patch-api';
/** A removal in the name of root. */
const ASKED = JSON.stringify({
  v: 1,
  op: 'start',
  bytes: 0,
  change: { line: 'DELETE /api/v1/packages/toyhello', caller: 'root', names: [] },
});

/** Says it at a socket of the agent. */
const AT_SOCKET = `
const socket = require('node:net').connect('/run/linux-patch/' + process.argv[1], () => socket.write(process.argv[2] + '\\n'));
socket.pipe(process.stdout);
`;

/** Ways in which whoever has broken into the agent may try to be taken for root. */
const ATTEMPTS = [
  'linux-patch-api apply --all --yes',
  'linux-patch-api remove toyhello --yes',
  `printf '%s\\n' '${ASKED}' | ${PROGRAMS}/node ${PROGRAMS}/linux-patch-worker.cjs request | grep accepted`,
  `printf '%s\\n' '${ASKED}' | LISTEN_FDS=0 ${PROGRAMS}/node ${PROGRAMS}/linux-patch-worker.cjs request | grep accepted`,
  'mkdir -p /var/lib/linux_patch_worker/run/5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11',
];

/** The newest job of a host as its manager sees it, when that has ended. */
function untilSeen(manager: ManagerProcess, host: LabHost, id: string) {
  return askHost(`job ${id} at the manager`, async () => {
    // An update of the agent itself is among them: then nobody answers for a moment.
    const { jobs } = (await manager.json('jobs', host.name).catch(() => ({ jobs: [] }))) as JobList;
    return jobs.find((one) => one.job_id === id && !['queued', 'running'].includes(one.status));
  });
}

async function newestJob(host: LabHost): Promise<string> {
  const { jobs } = JSON.parse(await host.must('linux-patch-api', ['jobs', '--json'])) as JobList;
  return jobs[0]?.job_id ?? '';
}

export const ROOTS_CHANGES: readonly CleanHostCase[] = [
  {
    name: 'root applies, installs and removes on its own host, with its agent and without, one after the other with the manager; the user of the agent is refused that door',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, ['toyhello']);
      for (const command of ATTEMPTS) {
        const result = await asAgent(host, command);
        assert.notEqual(result.exitCode, 0, `${command}: ${result.stdout}`);
      }
      for (const socket of ['worker.sock', 'refresh.sock']) {
        const script = AT_SOCKET.replaceAll('"', '\\"');
        const said = await asAgent(host, `${PROGRAMS}/node -e "${script}" ${socket} '${ASKED}'`);
        assert.match(said.stdout, /"FORBIDDEN"/, socket);
      }
      assert.equal((await host.run('dpkg', ['-s', 'toyhello'])).exitCode, 0);

      await offerUpdates(host, flavour);
      // As strict as an administrator's shell may be.
      await host.must('sh', ['-ec', 'umask 077; linux-patch-api apply --all --yes']);
      assert.match(await host.must('dpkg-query', ['-W', 'toyhello']), /1\.1-1/);
      const applied = await untilSeen(manager, host, await newestJob(host));
      assert.deepEqual([applied.status, applied.by_root], ['completed', true]);

      const slow = await installJob(world, manager, host, 'toyslow');
      await untilUnpacked(host);
      const begun = await host.must('linux-patch-api', [
        'remove',
        'toyhello',
        '--yes',
        '--no-wait',
        '--json',
      ]);
      const { job_id: waiting } = JSON.parse(begun) as { job_id: string };
      await askHost('the job to wait', async () => {
        const { stdout } = await host.run('linux-patch-api', ['job', waiting]);
        return stdout.includes('aiting') || undefined;
      });
      await host.must('touch', ['/tmp/toyslow-go']);
      assert.equal((await untilJobEnds(world, manager, host, slow)).status, 'completed');
      assert.match(await host.must('linux-patch-api', ['job', waiting, '--follow']), /toyhello/);
      assert.notEqual(
        (await host.run('dpkg-query', ['-W', '-f', '${Status}', 'toyhello'])).stdout,
        'install ok installed',
      );

      // Ctrl-C ends the command, and no job.
      await host.must('apt-get', ['purge', '-y', '-qq', 'toyslow']);
      await host.must('rm', ['/tmp/toyslow-go']);
      const typed = host.run('sh', ['-c', 'echo $$ >/tmp/typed; exec linux-patch-api install toyslow --yes']);
      await untilUnpacked(host);
      await host.must('sh', ['-ec', 'kill -INT "$(cat /tmp/typed)"']);
      const ended = await typed;
      assert.equal(ended.exitCode, 3, ended.stderr);
      assert.match(ended.stderr, /Not waited for any more\. The job goes on/);
      await host.must('touch', ['/tmp/toyslow-go']);
      const followed = ['job', await newestJob(host), '--follow'];
      assert.match(await host.must('linux-patch-api', followed), /toyslow/);

      await host.must('systemctl', ['stop', 'linux-patch-api']);
      await host.must('linux-patch-api', ['install', 'toylib', '--yes']);
      const alone = await newestJob(host);
      assert.match(await host.must('linux-patch-api', ['job', alone]), /root of the host, there/);
      await host.must('systemctl', ['start', 'linux-patch-api']);
      await untilStatus(host, /^Serving on/);
      assert.deepEqual((await untilSeen(manager, host, alone)).by_root, true);
      return `${applied.message}`;
    },
  },
];
