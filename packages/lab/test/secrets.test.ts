import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../../tools/system-packages.ts';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import { callAsStranger } from '../src/attacks/stranger.ts';
import { movableClock } from '../src/fake-time.ts';
import {
  AGENT_PROGRAM,
  createLabHost,
  type LabHost,
  MANAGER_PROGRAM,
  type ManagerProcess,
  runProgram,
  startManagerProcess,
} from '../src/index.ts';
import { startProgram } from '../src/process.ts';
import { filesBelow, SecretLedger } from '../src/secrets.ts';
import { askUntil } from '../src/wait.ts';

/** Of a host's certificate, which is renewed after half of them. */
const LIFE_DAYS = 4;
/** How many days before today the manager starts. */
const AGO_DAYS = 3;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: ToyRepository;
let manager: ManagerProcess;
/** The file with the time by which the manager lives (libfaketime). */
let calendar: string;
let syslog: { readonly port: number; readonly received: Buffer[] };
const ledger = new SecretLedger();
/** What was seen, by where. */
const seen = new Map<string, Buffer>();
let hosts = 60;

function note(where: string, text: string | Buffer): void {
  seen.set(`${where} (${seen.size})`, Buffer.from(text));
}

const ofManager = (...path: string[]): string => join(manager.root, 'var/lib/linux_patch_manager', ...path);

beforeAll(async () => {
  ensurePrograms('The test of secrets', [['faketime', 'faketime']]);
  folder = await temporaryFolder();
  repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  const root = join(folder.path, 'manager');
  const token = randomBytes(32).toString('base64url');
  await mkdir(join(root, 'var/lib/linux_patch_manager'), { recursive: true, mode: 0o700 });
  await writeFile(join(root, 'var/lib/linux_patch_manager/admin.token'), token, { mode: 0o600 });
  calendar = join(folder.path, 'calendar');
  await writeFile(calendar, `-${AGO_DAYS}d\n`);
  manager = await startManagerProcess(root, {
    env: movableClock(calendar),
    localHosts: [],
    configuration: [
      'logging: { level: debug }',
      `certificates: { agent_days: ${LIFE_DAYS}, local_hosts: [127.0.0.0/8] }`,
    ],
  });
  ledger.add('admin token', token);
  const headers = { authorization: `Bearer ${token}` };
  const answer = await callAsStranger({ url: manager.url, path: '/api/v1/hosts', headers });
  expect(answer.status).toBe(200);
  note('GET /api/v1/hosts', answer.text);
  const created = await manager.json('api-tokens', 'create', 'scraper', '--role', 'viewer');
  const { secret: apiToken } = created as { secret: string };
  ledger.add('API token', apiToken);
  const scraper = { authorization: `Bearer ${apiToken}` };
  note('/metrics', (await callAsStranger({ url: manager.url, path: '/metrics', headers: scraper })).text);
  note('api-tokens list', JSON.stringify(await manager.json('api-tokens', 'list')));
  const received: Buffer[] = [];
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  socket.on('message', (message) => void received.push(message));
  socket.unref();
  await once(socket, 'listening');
  syslog = { port: socket.address().port, received };
  for (const path of await filesBelow(ofManager('ca'))) {
    if (path.endsWith('key.pem')) ledger.addKey(path.split('/').at(-1) ?? path, await readFile(path, 'utf8'));
  }
});
afterAll(async () => {
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function newHost(enrollment: readonly string[] = []): Promise<LabHost> {
  hosts += 1;
  const [name, address] = [`secret${hosts}.lab.test`, `127.0.0.${hosts}`];
  const host = await createLabHost({
    root: join(folder.path, name),
    name,
    address,
    repository,
    enrollment: [`manager_url: ${manager.url}`, `report_ip: ${address}`, ...enrollment],
  });
  const text = await readFile(host.configFile, 'utf8');
  const logging = `logging:\n  level: debug\n  syslog_enabled: true\n  syslog_server: 127.0.0.1:${syslog.port}\n`;
  await host.configure(`${text}${logging}`);
  return host;
}

/** Runs the manager's command line; what it says is noted. */
async function manage(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(MANAGER_PROGRAM, ['--root', manager.root, ...args]);
  note(`linux-patch-manager ${args[0]} ${args[1]}`, stdout + stderr);
  return stdout;
}

/** Runs the agent's command line; what it says is noted, without the one line that shows the code on purpose. */
async function ask(
  host: LabHost,
  ...args: readonly string[]
): Promise<{ readonly exitCode: number | null; readonly stdout: string }> {
  const { exitCode, stdout, stderr } = await host.run(...args);
  const text = (stdout + stderr).replaceAll(/^.*(Host code|"host_code"|Code {2}).*$/gim, '');
  note(`linux-patch-api ${args.join(' ')}`, text);
  return { exitCode, stdout };
}

/** What everybody on the machine may see of a process. */
async function noteProcess(who: string, pid: number): Promise<void> {
  for (const file of ['cmdline', 'environ', 'comm'])
    note(`/proc of ${who}: ${file}`, await readFile(`/proc/${pid}/${file}`));
}

async function requestOf(host: LabHost): Promise<string> {
  return askUntil(`a request of ${host.name}`, async () => {
    const { enrollments } = (await manager.json('enrollments', 'list')) as {
      enrollments: { id: string; fqdn: string }[];
    };
    return enrollments.find((one) => one.fqdn === host.name)?.id;
  });
}

function keyFile(host: LabHost, name: string): string {
  return join(host.root, 'etc/linux_patch_api/certs', name);
}

function stateFile(host: LabHost): string {
  return join(host.root, 'var/lib/linux_patch_api/enrollment.json');
}

/** Learns the secrets of a host that waits for approval: code, token and key. */
async function learnWaiting(host: LabHost): Promise<string> {
  const code = await host.hostCode();
  ledger.add(`code of ${host.name}`, code);
  const token = await askUntil(
    'the saved token',
    async () => /"polling_token": "(\w{64})/.exec(await readFile(stateFile(host), 'utf8'))?.[1],
  );
  ledger.add(`token of ${host.name}`, token);
  ledger.addKey(`waiting key of ${host.name}`, await readFile(keyFile(host, 'pending.key.pem'), 'utf8'));
  return code;
}

async function approve(host: LabHost, code: string): Promise<void> {
  const id = await requestOf(host);
  const file = join(folder.path, `${host.name}.code`);
  await writeFile(file, '0000-0000-0000-0000\n', { mode: 0o600 });
  await manage('enrollments', 'approve', id, '--code-file', file);
  await writeFile(file, `${code}\n`, { mode: 0o600 });
  await manage('enrollments', 'approve', id, '--code-file', file);
}

/** Everything that was said or written where others may look. Key files, the waiting state and configurations are where secrets live. */
async function expectNoLeak(root: string): Promise<void> {
  note('syslog', Buffer.concat(syslog.received));
  const leaks: string[] = [];
  for (const [where, bytes] of seen)
    for (const name of ledger.leaksIn(bytes)) leaks.push(`${where}: ${name}`);
  const logs = [manager.program.logFile, join(manager.root, 'commands.log'), join(root, 'agent.log')];
  const written = [...(await filesBelow(join(root, 'var'))), ...(await filesBelow(ofManager())), ...logs];
  for (const path of written) {
    if (/key\.pem$|admin\.token$|enrollment\.json$/.test(path)) continue;
    for (const name of await ledger.leaksInFile(path).catch(() => [])) leaks.push(`${path}: ${name}`);
  }
  expect(leaks).toEqual([]);
}

describe('no token, code or key is seen', () => {
  it('in the life of a host that joins by code, serves, renews, is revoked and leaves', {
    timeout: 400_000,
  }, async () => {
    const host = await newHost();
    await using agent = host.start({ args: ['--verbose'], env: movableClock(calendar) });
    const code = await learnWaiting(host);
    await noteProcess('the waiting agent', agent.pid);
    for (const args of [['status'], ['status', '--json'], ['doctor'], ['doctor', '--json']])
      await ask(host, ...args);
    await approve(host, code);
    await agent.logged('Listening on');
    ledger.addKey(`key of ${host.name}`, await readFile(keyFile(host, 'server.key.pem'), 'utf8'));
    await noteProcess('the serving agent', agent.pid);
    await noteProcess('the manager', manager.program.pid);
    const before = (await host.status()).identity.serial;

    // Days later, as the manager and this host know.
    await writeFile(calendar, '+0\n');
    expect((await ask(host, '--verbose', '--renew-certs')).exitCode).toBe(0);
    const { serial } = (await host.status()).identity;
    expect(serial).not.toBe(before);
    ledger.addKey(`renewed key of ${host.name}`, await readFile(keyFile(host, 'server.key.pem'), 'utf8'));
    agent.signal('SIGHUP');
    await ask(host, 'doctor', '--fix');
    await manage('certificates', 'list', '--all', '--json');

    await manage('certificates', 'revoke', serial ?? '', '--reason', 'keyCompromise');
    await ask(host, 'status');
    expect((await ask(host, '--verbose', 'leave')).exitCode).toBe(0);
    expect(await agent.exited).not.toBe(null);
    expect((await ask(host, 'status', '--json')).exitCode).toBe(4);
    await manage('enrollments', 'list', '--state', 'all', '--json');
    expect(ledger.names.length).toBeGreaterThanOrEqual(8);
    await expectNoLeak(host.root);
    for (const path of await filesBelow(join(host.root, 'etc')))
      expect(await ledger.leaksInFile(path), path).toEqual([]);
  });

  it('when a host leaves while it waits, and the wiped files hold none of them', async () => {
    const host = await newHost();
    await using agent = host.start({ args: ['--verbose'] });
    await learnWaiting(host);
    // The places that hold them are found, so that finding nothing elsewhere means something.
    expect(await ledger.leaksInFile(stateFile(host))).toEqual([
      `code of ${host.name}`,
      `token of ${host.name}`,
    ]);
    expect(await ledger.leaksInFile(keyFile(host, 'pending.key.pem'))).toEqual([
      `waiting key of ${host.name}`,
    ]);
    expect((await ask(host, 'leave')).exitCode).toBe(0);
    await agent.exited;
    for (const path of await filesBelow(host.root)) expect(await ledger.leaksInFile(path), path).toEqual([]);
    await expectNoLeak(host.root);
  });

  it('of a join token, but in the one line that prints it', async () => {
    const made = await runProgram(MANAGER_PROGRAM, [
      '--root',
      manager.root,
      'tokens',
      'create',
      '--uses',
      '3',
    ]);
    const joinString = made.stdout.trim().split('\n')[0] ?? '';
    ledger.add('join string', joinString);
    // The part before it is the pin of the CA, which is no secret.
    const [, , secret = ''] = joinString.split('.');
    ledger.add('join secret', secret);
    const file = join(folder.path, 'join');
    await writeFile(file, `${joinString}\n`, { mode: 0o600 });
    const host = await newHost([`join_file: ${file}`]);
    await using agent = host.start({ args: ['--verbose'] });
    await agent.logged('Listening on');
    ledger.addKey(`key of ${host.name}`, await readFile(keyFile(host, 'server.key.pem'), 'utf8'));
    await noteProcess('the agent with a join token', agent.pid);
    await ask(host, 'status', '--json');
    await ask(host, 'doctor', '--json');
    await manage('tokens', 'list', '--json');
    await expectNoLeak(host.root);
  });
});

/** Lets an agent that waits for approval die with SIGABRT where core files are allowed, and returns the core file. */
async function coreOf(host: LabHost, before: (pid: number) => Promise<void>): Promise<string> {
  const place = join(folder.path, `core-${host.name}`);
  await mkdir(place);
  const line = 'ulimit -c unlimited; cd "$1"; exec "$0" --root "$2" --verbose';
  await using agent = startProgram({
    program: 'sh',
    args: ['-c', line, AGENT_PROGRAM, place, host.root],
    logFile: join(host.root, 'agent.log'),
  });
  await learnWaiting(host);
  await before(agent.pid);
  agent.signal('SIGABRT');
  expect(await agent.exited).toBe(null);
  const [core] = await filesBelow(place);
  return core ?? '';
}

describe('a core file of the agent', () => {
  beforeAll(async () => {
    const pattern = (await readFile('/proc/sys/kernel/core_pattern', 'utf8')).trim();
    // Where the kernel hands cores to a program, that program decides where they go.
    expect(pattern, 'set kernel.core_pattern to a plain file name for this test').not.toMatch(/[|/]/);
  });

  it('holds none of them, because no memory goes into it', { timeout: 400_000 }, async () => {
    const core = await coreOf(await newHost(), async () => {});
    expect(core).not.toBe('');
    expect(await ledger.leaksInFile(core)).toEqual([]);
  });

  it('would hold them if the agent did not see to that', { timeout: 400_000 }, async () => {
    const host = await newHost();
    const core = await coreOf(host, (pid) => writeFile(`/proc/${pid}/coredump_filter`, '0x33\n'));
    expect(await ledger.leaksInFile(core)).toContain(`token of ${host.name}`);
  });
});
