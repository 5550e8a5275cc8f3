import { once } from 'node:events';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { connect } from 'node:tls';
import type { LabHost } from '../../agent-process.ts';
import { AGENT_PROGRAM } from '../../checkout.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { askHealth, managerIdentity } from '../../mtls-health.ts';
import { runProgram } from '../../process.ts';
import { askUntil, waitFor } from '../../wait.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { AttackCase } from '../attack-case.ts';

const SILENT = 1_024;
/** Five seconds, on a machine that has a lot to do; Node's own limit for a handshake is two minutes. */
const LONGEST_SILENCE_MS = 30_000;
const NOBODY = 65_534;
const LIST = 'etc/linux_patch_api/whitelist.yaml';

async function health(host: LabHost, manager: ManagerProcess): Promise<number> {
  const startedMs = performance.now();
  const answer = await askHealth(host, await managerIdentity(manager.root));
  if (answer?.statusCode !== 200) throw new Error(`the manager gets ${answer?.statusCode ?? 'no answer'}`);
  return performance.now() - startedMs;
}

async function connected(port: number, host: string): Promise<Socket> {
  const socket = connectTcp({ port, host, localAddress: '127.0.0.1' });
  // Without a reader the end would not be noticed.
  socket.on('error', () => undefined).resume();
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
  return socket;
}

export const SILENT_CONNECTIONS: AttackCase = {
  name: 'c3-silent-connections',
  tried: `From the address of the manager, ${SILENT} connections to an agent are opened that never say a word.`,
  now: 'At most 32 of an address without a certificate stay, the silent ones go first, and none has more than five seconds; the manager gets in at once.',
  async run(world) {
    const manager = await world.manager();
    const host = await world.servingHost(manager);
    const sockets = await Promise.all(
      Array.from({ length: SILENT }, () => connected(host.port, host.address)),
    );
    const tookMs = await health(host, manager);
    const left = sockets.filter((socket) => !socket.closed);
    if (left.length > 40) throw new Error(`${left.length} silent connections are open`);
    const leftMs = performance.now();
    await waitFor('the rest to be ended', Promise.all(left.map((socket) => once(socket, 'close'))));
    if (performance.now() - leftMs > LONGEST_SILENCE_MS) throw new Error('silent connections are kept');
    return `${left.length} of ${SILENT} open while the manager is answered within ${Math.round(tookMs)} ms, none after that`;
  },
};

/** The status that the API answers root with, on its socket. */
function askLocally(socketPath: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request({ socketPath, path: '/health' }, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on('error', reject)
    .end();
  return promise;
}

export const WITHOUT_TLS: AttackCase = {
  name: 'c4-without-tls',
  tried:
    'On a host whose agent serves without TLS, an unprivileged account, and a web page in a browser on it (DNS rebinding), call the API.',
  now: 'The agent has no port at all; its Unix socket can be opened by root alone.',
  async run(world) {
    const host = await world.host(await world.manager());
    await host.configure(`${await readFile(host.configFile, 'utf8')}tls: { enabled: false }\n`);
    const agent = world.use(host.start());
    await agent.listening;
    const port = await connected(host.port, host.address);
    if (port.remotePort !== undefined) throw new Error('a port is open');
    const path = join(host.root, 'var/lib/linux_patch_api/api.sock');
    if ((await askLocally(path)) !== 200) throw new Error('root is not served');
    const script = `require('net').connect(${JSON.stringify(path)}).on('connect', () => console.log('in')).on('error', (error) => console.log(error.code))`;
    const as = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
    const { stdout } = await runProgram('setpriv', [...as, process.execPath, '--eval', script], { cwd: '/' });
    if (stdout.trim() !== 'EACCES') throw new Error(`an unprivileged account gets: ${stdout}`);
    return 'no port; the socket answers EACCES to others, 200 to root';
  },
};

export const FOREIGN_JOIN_FILE: AttackCase = {
  name: 'c8-foreign-join-file',
  tried:
    'An unprivileged account that owns the file named by `enrollment.join_file` puts the join string of a manager of its own there.',
  now: 'The file is refused with words and nothing is sent to anybody; the same file is used when it belongs to root.',
  async run(world) {
    const manager = await world.manager();
    const thief = await world.manager();
    const joinString = async (one: ManagerProcess): Promise<string> =>
      ((await one.json('tokens', 'create')) as { join_string: string }).join_string;
    const file = join(world.folder, 'join');
    await writeFile(file, `${await joinString(thief)}\n`, { mode: 0o600 });
    await chown(file, NOBODY, NOBODY);
    const host = await world.host(manager, [
      `ca_fingerprint: ${manager.caFingerprint}`,
      `join_file: ${file}`,
    ]);
    const refusing = host.start();
    await refusing.logged(`belongs to user ${NOBODY}`);
    await refusing[Symbol.asyncDispose]();
    for (const one of [manager, thief]) {
      const { enrollments } = (await one.json('enrollments', 'list')) as { enrollments: unknown[] };
      if (enrollments.length > 0) throw new Error('a request was sent');
    }
    await writeFile(file, `${await joinString(manager)}\n`);
    await chown(file, 0, 0);
    await world.use(host.start()).listening;
    return 'refused as of another owner, no request; joined with the same file as of root';
  },
};

/** From where somebody else than the manager calls. */
const OPERATOR = '127.0.0.250';

export const NO_INOTIFY: AttackCase = {
  name: 'a4-no-inotify',
  tried: 'Containers or editors use up the inotify instances of the kernel before and while an agent runs.',
  now: 'The agent joins and serves, looks at its files every ten seconds instead, and the doctor names the setting; a narrowed allow list still ends open connections.',
  async run(world) {
    const manager = await world.manager();
    const host = await world.host(manager);
    // A user namespace has instances of its own: none.
    const without = ['unshare', '-U', '-r', 'sh', '-c'];
    await writeFile(join(host.root, LIST), `entries: [${OPERATOR}]\n`);
    const line = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$0" "$@"';
    const agent = world.use(host.start({ through: [...without, line] }));
    const { request_id, host_code } = await waitingHost(host);
    await askUntil('the approval', () =>
      manager.json('enrollments', 'approve', request_id, '--code', host_code),
    );
    await agent.listening;
    await agent.logged('does not tell of changes');
    const client = await managerIdentity(manager.root);
    const operator = { ...client, localAddress: OPERATOR, servername: host.name };
    const socket = connect({ ...operator, host: host.address, port: host.port });
    socket.on('error', () => undefined);
    await once(socket, 'session');
    const startedMs = performance.now();
    await writeFile(join(host.root, LIST), 'entries: [192.0.2.1]\n');
    await waitFor('the connection to end', once(socket, 'close'));
    const tookS = (performance.now() - startedMs) / 1_000;
    const [shell = '', ...flags] = without;
    const doctor = await runProgram(shell, [...flags, line, ...doctorOf(host)]);
    if (!doctor.stdout.includes('sysctl -w fs.inotify.max_user_instances='))
      throw new Error(`the doctor does not name it: ${doctor.stdout}`);
    return `it serves; a narrowed list counts after ${tookS.toFixed(1)} s; the doctor names fs.inotify.max_user_instances`;
  },
};

function doctorOf(host: LabHost): string[] {
  return [AGENT_PROGRAM, '--root', host.root, 'doctor', '--offline'];
}
