import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, type LabHost, type ManagerProcess, runProgram } from '../src/index.ts';
import { askUntil } from '../src/wait.ts';
import { ASKED, type Lab, openLab } from './open-lab.ts';

/** What the agent keeps of a host. */
const DATA = 'var/lib/linux_patch_api';

let lab: Lab;
let manager: ManagerProcess;
let hosts = 10;

beforeAll(async () => {
  lab = await openLab();
  ({ manager } = lab);
});
afterAll(() => lab[Symbol.asyncDispose]());

function newHost(enrollment: readonly string[] = []): Promise<LabHost> {
  hosts += 1;
  return lab.host({
    name: `join${hosts}.lab.test`,
    address: `127.0.0.${hosts}`,
    enrollment,
  });
}

interface Request {
  readonly id: string;
  readonly fqdn: string;
  readonly state: string;
  readonly key_id: string;
}

function requestOf(host: LabHost, state = 'pending'): Promise<Request> {
  return askUntil(`a ${state} request of ${host.name}`, async () => {
    const { enrollments } = (await manager.ask('/enrollments?state=all')) as { enrollments: Request[] };
    return enrollments.find((one) => one.fqdn === host.name && one.state === state);
  });
}

/** An agent whose request the manager has: asking sooner would only start programs in vain. */
async function startAsking(host: LabHost): Promise<AgentProcess> {
  const agent = host.start();
  await agent.logged(ASKED);
  return agent;
}

async function approve(host: LabHost): Promise<void> {
  const [code, request] = [await host.hostCode(), await requestOf(host)];
  await manager.json('enrollments', 'approve', request.id, '--code', code);
}

function curl(host: LabHost, path: string, ...args: string[]) {
  const ca = join(manager.root, 'var/lib/linux_patch_manager/ca/root.pem');
  return runProgram('curl', [
    '-sS',
    '--max-time',
    '10',
    '-i',
    '--cacert',
    ca,
    ...args,
    `https://${host.address}:${host.port}${path}`,
  ]);
}

function clientCertificate(): string[] {
  const folderOfKeys = join(manager.root, 'var/lib/linux_patch_manager/ca');
  return ['--cert', join(folderOfKeys, 'client.pem'), '--key', join(folderOfKeys, 'client.key.pem')];
}

describe('a host joins a manager', () => {
  it('with a join string in its place and no person, and is refused by a used one', async () => {
    const { join_string: joinString } = (await manager.json('tokens', 'create')) as { join_string: string };
    const host = await newHost();
    await writeFile(join(host.root, 'etc/linux_patch_api/join'), `${joinString}\n`, { mode: 0o600 });
    await using agent = host.start();
    await agent.listening;
    const health = await curl(host, '/api/v1/health', ...clientCertificate());
    expect(health.stdout).toContain('"identity_trust":"token"');

    const late = await newHost();
    await writeFile(join(late.root, 'etc/linux_patch_api/join'), joinString, { mode: 0o600 });
    await using waiting = late.start();
    await waiting.logged('does not let this host in: it has no use left');
    const status = await late.run('status');
    expect(status.stdout).toMatch(/Join token +[0-9a-f]{16}: it has no use left/);
    expect(status.stdout).toMatch(/Host code +[0-9A-Z]{4}-/);
    await approve(late);
    await waiting.listening;
    for (const one of [host, late]) {
      const secret = joinString.split('.')[2] ?? 'none';
      expect(await readFile(join(one.root, 'agent.log'), 'utf8')).not.toContain(secret);
    }
  });

  it('with one line of configuration and a typed code, and then answers only the manager', async () => {
    const host = await newHost();
    const before = await readFile(host.configFile, 'utf8');
    await using agent = await startAsking(host);
    await approve(host);
    await agent.listening;

    const health = await curl(host, '/api/v1/health', ...clientCertificate());
    expect(health.stdout).toMatch(/^HTTP\/1\.1 200/);
    expect(health.stdout).toContain('"identity_trust":"code"');
    expect(health.stdout).toContain('"key_origin":"host"');

    const stranger = await curl(host, '/api/v1/health');
    expect(stranger.exitCode).not.toBe(0);
    expect(stranger.stdout).toBe('');

    const certs = join(host.root, 'etc/linux_patch_api/certs');
    const own = await curl(
      host,
      '/api/v1/health',
      '--cert',
      join(certs, 'server.pem'),
      '--key',
      join(certs, 'server.key.pem'),
    );
    expect(own.stdout).toBe('');
    expect((await stat(join(certs, 'server.key.pem'))).mode & 0o777).toBe(0o600);
    expect(await readFile(host.configFile, 'utf8')).toBe(before);
    expect((await requestOf(host, 'installed')).key_id).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
  });

  it('resumes the same request after a restart, also when it was approved while the agent was down', async () => {
    const host = await newHost();
    const first = await startAsking(host);
    const code = await host.hostCode();
    const request = await requestOf(host);
    await askUntil(
      'the saved token',
      async () =>
        /"polling_token": "\w{64}/.test(await readFile(join(host.root, DATA, 'enrollment.json'), 'utf8')) ||
        undefined,
    );
    first.signal('SIGTERM');
    expect(await first.exited).toBe(2);

    await manager.json('enrollments', 'approve', request.id, '--code', code);
    await using second = host.start();
    await second.listening;
    expect((await requestOf(host, 'installed')).id).toBe(request.id);
    expect(await readFile(host.configFile, 'utf8')).toContain('# A comment of the administrator');
  });

  it('comes back at once after kill -9, with the same identity and the same port', async () => {
    const host = await newHost();
    const first = await startAsking(host);
    await approve(host);
    await first.listening;
    const serial = (await host.status()).identity.serial;
    await curl(host, '/api/v1/health', ...clientCertificate());
    first.signal('SIGKILL');
    await first.exited;
    await using second = host.start();
    await second.listening;
    expect((await host.status()).identity.serial).toBe(serial);
  });

  it('a denied host clears its token, says so and ends with 0', async () => {
    const host = await newHost();
    await using agent = await startAsking(host);
    const request = await requestOf(host);
    const code = await host.hostCode();
    await manager.json('enrollments', 'deny', request.id, '--reason', 'not ours', '--code', code);
    expect(await agent.exited).toBe(0);
    const log = await readFile(agent.logFile, 'utf8');
    expect(log).toContain('refused');
    expect(await readdir(join(host.root, DATA))).not.toContain('enrollment.json');
  });

  it('refuses a wrong code and keeps the request', async () => {
    const host = await newHost();
    await using agent = await startAsking(host);
    const request = await requestOf(host);
    await expect(
      manager.json('enrollments', 'approve', request.id, '--code', '0000-0000-0000-0000'),
    ).rejects.toThrow(/ended with 5/);
    expect((await requestOf(host)).id).toBe(request.id);
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(2);
  });

  it('with a pinned CA an approval without the code is enough', async () => {
    const host = await newHost([`ca_fingerprint: "${manager.caFingerprint}"`]);
    await using agent = await startAsking(host);
    const request = await requestOf(host);
    await manager.json('enrollments', 'approve', request.id, '--no-code');
    await agent.listening;
    const health = await curl(host, '/health', ...clientCertificate());
    expect(health.stdout).toContain('"identity_trust":"pin"');
  });

  it('with a pin of another CA says which the manager has as the manager shows it, asks nobody and installs nothing', async () => {
    const host = await newHost([`ca_fingerprint: "sha256:${'ab'.repeat(32)}"`]);
    await using agent = host.start();
    const { ca_fingerprint: shown } = (await manager.json('status')) as { ca_fingerprint: string };
    await agent.logged(`enrollment.ca_fingerprint; it has ${shown}.`);
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(2);
    const { enrollments } = (await manager.json('enrollments', 'list', '--state', 'all')) as {
      enrollments: Request[];
    };
    expect(enrollments.filter((one) => one.fqdn === host.name)).toEqual([]);
    expect((await host.status()).identity.status).toBe('missing');
  });

  it('--enroll prints the code, waits for the approval, ends with 0 and leaves the port free', async () => {
    const host = await newHost();
    const running = host.run('--enroll', manager.url);
    await approve(host);
    const result = await running;
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toMatch(/[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/);
    expect((await host.status()).identity.status).toBe('valid');
    expect((await curl(host, '/health', ...clientCertificate())).exitCode).toBe(7);
  });

  it('--renew-certs on a valid identity changes nothing and ends with 0', async () => {
    const host = await newHost();
    const running = host.run('--enroll', manager.url);
    await approve(host);
    await running;
    const serial = (await host.status()).identity.serial;
    expect((await host.run('--renew-certs')).exitCode).toBe(0);
    expect((await host.status()).identity.serial).toBe(serial);
  });
});
