import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorReport } from '@linux-patch/contract';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import { callAgent, installJob, untilJobEnds, untilUnpacked } from '../agent-jobs.ts';
import { asNobody } from '../as-nobody.ts';
import type { CleanHostCase } from '../case.ts';
import { reinstallPackage } from '../install.ts';
import { assertNeverRestarted, unitState, untilStatus } from '../unit.ts';
import { servingHost } from './patching.ts';

const SOCKET = 'linux-patch-worker.socket';
const PATH = '/run/linux-patch/worker.sock';
const NODE = '/usr/lib/linux-patch-api/node';

/** Programs of the package manager, each of which first writes down in which unit it runs and with what. A worker may write here. */
const SEEN = '/var/cache/apt/seen';
const RECORDER = `#!/bin/sh
{ echo "== $0 $*"; cat /proc/self/cgroup; readlink /proc/self/ns/net; env; ls -l /proc/self/fd; grep -F ${PATH} /proc/1/net/unix; } >${SEEN}/$$
exec /usr/bin/\${0##*/} "$@"
`;

async function recordPrograms(host: LabHost): Promise<void> {
  const folder = join(host.disk, 'usr/local/sbin');
  await mkdir(folder, { recursive: true });
  await mkdir(join(host.disk, SEEN));
  for (const name of ['dpkg', 'dpkg-query', 'apt-get', 'apt-config', 'apt-cache'])
    await writeFile(join(folder, name), RECORDER, { mode: 0o755 });
}

/** What was started, by the unit that it was started in. */
async function recordedIn(host: LabHost, unit: RegExp): Promise<string[]> {
  const text = await host.must('sh', ['-c', `cat ${SEEN}/*`]);
  const cgroup = (one: string): string => /^0::(.*)$/m.exec(one)?.[1] ?? '';
  return text.split(/^== /m).filter((one) => unit.test(cgroup(one)));
}

/** Says one line at the socket of the worker, which is the agent's. */
const SAYS = `
const socket = require('node:net').connect('${PATH}', () => socket.write(process.argv[1] + '\\n'));
socket.pipe(process.stdout);
`;

function askWorker(host: LabHost, request: object): Promise<string> {
  return host.must(NODE, ['-e', SAYS, JSON.stringify(request)]);
}

/** What the kernel calls the connections that there were when a program was started, and the socket that takes them. */
const connectionsOf = (one: string): string[] =>
  Array.from(one.matchAll(/ (\d+) \/run\/linux-patch\/worker\.sock$/gm), ([, inode = '']) => inode);

/** What the doctor says of the worker. */
async function workerFindings(host: LabHost): Promise<DoctorReport['findings']> {
  const { stdout } = await host.run('linux-patch-api', ['doctor', '--json', '--offline']);
  const { findings } = JSON.parse(stdout) as DoctorReport;
  return findings.filter(({ code }) => /^(?:WORKER|REFRESH)_/.test(code));
}

/** Connections one after the other in groups of twenty, each of which says this and waits until it is closed. */
const FLOOD = `
const { connect } = require('node:net');
const [path, times, kind] = process.argv.slice(1);
const words = { half: '{"v":1,"op":"sta', megabyte: 'x'.repeat(1e6) + '\\n', nothing: '' }[kind];
const one = () => new Promise((done) => {
  const socket = connect(path, () => kind === 'nothing' ? socket.destroy() : socket.write(words));
  let said = '';
  socket.on('data', (chunk) => { said += chunk; });
  socket.on('error', (error) => { said ||= error.code; });
  socket.on('close', () => done(said));
});
(async () => {
  const said = [];
  for (let left = Number(times); left > 0; left -= 20)
    said.push(...await Promise.all(Array.from({ length: Math.min(20, left) }, one)));
  console.log(JSON.stringify(said));
})();
`;

async function flood(host: LabHost, times: number, kind: string): Promise<string[]> {
  return JSON.parse(await host.must(NODE, ['-e', FLOOD, PATH, String(times), kind])) as string[];
}

async function untilNobodyWorks(host: LabHost): Promise<void> {
  const list = ['list-units', '--no-legend', '--plain', 'linux-patch-worker@*.service'];
  await askHost('the workers to end', async () => (await host.must('systemctl', list)) === '' || undefined);
}

interface UnitTrouble {
  readonly arrange: string;
  readonly says: RegExp;
  /** Only a refresh of the lists fails by it. */
  readonly refresh?: true;
}

/** How the way to the worker can be broken; what mends it is what the doctor says. */
const TROUBLES: readonly UnitTrouble[] = [
  { arrange: `systemctl stop ${SOCKET}`, says: /linux-patch-worker\.socket is stopped/ },
  { arrange: `systemctl mask --now ${SOCKET}`, says: /linux-patch-worker\.socket is masked/ },
  { arrange: 'systemctl mask linux-patch-worker@.service', says: /linux-patch-worker@\.service is masked/ },
  {
    arrange: 'systemctl mask linux-patch-refresh@.service',
    says: /linux-patch-refresh@\.service is masked/,
    refresh: true,
  },
];

const BROKEN = '/etc/systemd/system/linux-patch-worker@.service.d';

export const WORKER: readonly CleanHostCase[] = [
  {
    name: "what works with packages is an instance of the worker's unit, or a job's: in an environment that nobody bends, with no connection of others",
    flavours: ['debian13'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      assert.equal(
        await host.must('stat', ['-c', '%a %U:%G', PATH]),
        '600 linux-patch-api:linux-patch-api\n',
      );
      const connecting = asNobody(NODE, '-e', FLOOD, PATH, '1', 'half');
      assert.deepEqual(JSON.parse(await host.must('setpriv', connecting)), ['EACCES']);
      // Whatever the service manager has for its services.
      const bent = [
        'NODE_OPTIONS=--no-such-option',
        'LANG=de_DE.UTF-8',
        'LANGUAGE=de',
        'DPKG_ROOT=/nonexistent',
      ];
      await host.must('systemctl', ['set-environment', ...bent]);
      await recordPrograms(host);
      const id = await installJob(world, manager, host, 'toyhello');
      const job = await untilJobEnds(world, manager, host, id);
      assert.deepEqual([job.status, job.error_code], ['completed', null]);
      assert.deepEqual(await workerFindings(host), []);
      const asked = await recordedIn(host, /linux-patch-worker@.*\.service$/);
      const done = await recordedIn(host, /linux-patch-(?:job|run)-.*\.service$/);
      assert.ok(asked.length > 0 && done.length > 0, `${asked.length} and ${done.length} programs`);
      for (const one of [...asked, ...done]) {
        assert.doesNotMatch(one, /^(?:LISTEN_|NODE_|LANG|DPKG_ROOT=\/none|JOURNAL_)/m);
        assert.match(one, /^LC_ALL=C\.UTF-8$/m);
        assert.match(one, /^HOME=\/root$/m);
        assert.deepEqual(
          connectionsOf(one).filter((inode) => one.includes(`socket:[${inode}]`)),
          [],
        );
      }
      assert.ok(
        asked.every((one) => connectionsOf(one).length > 1),
        'no connection was seen',
      );
      assert.deepEqual(await recordedIn(host, /linux-patch-api\.service$/), []);
      // Whoever reads has no network, and sees the ports and the cards of the host all the same; a refresh has it.
      assert.equal((await callAgent(world, manager, host, ['/packages?refresh=true'])).error, null);
      const refreshed = await recordedIn(host, /linux-patch-refresh@.*\.service$/);
      const own = (await host.must('readlink', ['/proc/1/ns/net'])).trim();
      assert.ok(
        refreshed.some((one) => /apt-get .*update/.test(one)),
        `${refreshed.length} programs of a refresh`,
      );
      assert.ok(refreshed.every((one) => one.includes(own)));
      for (const one of asked) {
        assert.ok(!one.includes(own), one);
        assert.doesNotMatch(one, /^\S+apt-get .*update/);
      }
      const { mainPid: pid } = await unitState(host);
      const holder = await askWorker(host, { v: 1, op: 'port-holder', port: 12_443 });
      assert.match(holder, new RegExp(`"value":\\{"pid":${pid},`));
      const instance = await host.must('cat', ['/var/lib/linux_patch_worker/instance.json']);
      assert.match(instance, /"interfaces":\s*\["/);
      return `${asked.length} programs of requests, ${refreshed.length} of a refresh, ${done.length} of a job`;
    },
  },
  {
    name: 'a stopped, masked or broken worker unit is named in the answer and by doctor; the agent serves on, a job goes on, and what doctor says mends it',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      const before = await untilStatus(host, /^Serving on/);
      const ask = (path = '/system/services') => callAgent(world, manager, host, [path]);
      const refused = async ({ says, refresh }: Pick<UnitTrouble, 'says' | 'refresh'>): Promise<string> => {
        const { error } = await ask(refresh && '/packages?refresh=true');
        assert.equal(error?.code, refresh ? 'SERVICE_UNHEALTHY' : 'WORKER_UNAVAILABLE');
        assert.match(error.message, says);
        assert.match(error.message, /As root: system/);
        assert.notEqual((await callAgent(world, manager, host, ['/health'])).data, null);
        const [finding] = await workerFindings(host);
        assert.equal(finding?.code, refresh ? 'REFRESH_NOT_STARTED' : 'WORKER_NOT_STARTED');
        if (refresh) assert.equal((await ask()).error, null);
        assert.match(finding.detail ?? '', says);
        return finding.command;
      };
      const mended = async (): Promise<void> => {
        assert.deepEqual(await workerFindings(host), []);
        assert.equal((await ask()).error, null);
      };
      await mended();
      for (const trouble of TROUBLES) {
        await host.must('sh', ['-ec', trouble.arrange]);
        await host.must('sh', ['-ec', await refused(trouble)]);
        await mended();
      }
      await host.must('sh', [
        '-ec',
        `mkdir ${BROKEN}; printf '[Service]\\nExecStart=\\n' >${BROKEN}/broken.conf; systemctl daemon-reload`,
      ]);
      assert.match(
        await refused({ says: /systemd cannot use linux-patch-worker@\.service \(bad-setting\)/ }),
        /^systemd-analyze verify /,
      );
      await host.must('sh', ['-ec', `rm -r ${BROKEN}; systemctl daemon-reload; systemctl restart ${SOCKET}`]);
      await mended();
      const id = await installJob(world, manager, host, 'toyslow');
      await untilUnpacked(host);
      await host.must('systemctl', ['restart', SOCKET]);
      await host.must('systemctl', ['stop', SOCKET]);
      await host.must('touch', ['/tmp/toyslow-go']);
      const job = await untilJobEnds(world, manager, host, id);
      assert.deepEqual([job.status, job.error_code], ['completed', null]);
      assertNeverRestarted(before, await unitState(host));
      // The next package brings it back.
      await reinstallPackage(host, flavour);
      await untilStatus(host, /^Serving on/);
      await mended();
    },
  },
  {
    name: 'hundreds that say nothing, half a line or a megabyte at the socket of the worker end neither it nor what the agent asks',
    flavours: ['debian12'],
    async run(world, flavour) {
      const { manager, host } = await servingHost(world, flavour, []);
      const before = await unitState(host);
      await flood(host, 300, 'nothing');
      const answered: number[] = [];
      for (const [kind, answer] of [
        ['half', /was not there after 2 s/],
        ['megabyte', /has more than 65536 bytes/],
      ] as const) {
        await untilNobodyWorks(host);
        const words = (await flood(host, 40, kind)).filter((one) => one.startsWith('{'));
        for (const one of words) assert.match(one, answer);
        // So many as are served at a time; for the others the connection is closed at once.
        assert.ok(words.length >= 16, `${words.length} were answered (${kind})`);
        answered.push(words.length);
      }
      assert.equal((await unitState(host, SOCKET)).sub, 'listening');
      assert.equal((await callAgent(world, manager, host, ['/system/services'])).error, null);
      assert.deepEqual(await workerFindings(host), []);
      assert.equal(await host.must('systemctl', ['--failed', '--no-legend']), '');
      assertNeverRestarted(before, await unitState(host));
      return `answered of 40: ${answered.join(', ')}`;
    },
  },
];
