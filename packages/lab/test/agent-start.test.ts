import { once } from 'node:events';
import { readFile, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { freePort, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import { AGENT_PROGRAM, createLabHost, type LabHost, REPOSITORY, runProgram } from '../src/index.ts';
import { makeOpensslIdentity } from '../src/openssl-identity.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: ToyRepository;
let hosts = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
});
afterAll(() => folder[Symbol.asyncDispose]());

function newHost(enrollment: readonly string[] = []): Promise<LabHost> {
  hosts += 1;
  const name = `start${hosts}.lab.test`;
  return createLabHost({ root: join(folder.path, name), name, address: '127.0.0.1', repository, enrollment });
}

async function isBound(host: LabHost): Promise<boolean> {
  const socket = connect(host.port, host.address);
  const bound = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return bound;
}

describe('the real agent process', () => {
  it('without certificates and without a manager says what to do and ends cleanly', async () => {
    const host = await newHost();
    const result = await host.run();
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('missing');
    expect(result.stderr).toContain('server.key.pem');
    expect(result.stderr).toContain('enrollment.manager_url');
    expect(result.stderr).toContain('--enroll');
  });

  it('with a manager that nobody answers for waits, and a stop ends it with 2 before it is ended by force', async () => {
    const host = await newHost([`manager_url: https://127.0.0.1:${await freePort()}`]);
    await using agent = host.start();
    await agent.logged('ECONNREFUSED');
    agent.signal('SIGTERM');
    // What does not stop by itself is ended with 1; in how much of its clock it stops is said where the clock is a door.
    expect(await agent.exited).toBe(2);
  });

  it('with a broken configuration lists all faults with line and column and ends with 1', async () => {
    const host = await newHost();
    await host.configure('server:\n  prot: 12443\n  bind: 300.1.1.1\nenrollment:\n  manager_url: ftp://x\n');
    const result = await host.run();
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/config\.yaml:2:3 server\.prot: .*did you mean "?port/);
    expect(result.stderr).toMatch(/config\.yaml:3:\d+ server\.bind/);
    expect(result.stderr).toMatch(/config\.yaml:5:\d+ enrollment\.manager_url/);
  });

  it('without a configuration file says which one it looked for and ends with 1', async () => {
    const host = await newHost();
    const result = await host.run('--config', '/nonexistent/config.yaml');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('/nonexistent/config.yaml');
  });

  it.each([['--help'], ['--version'], ['status', '--help']])(
    'answers %s with exit code 0',
    async (...args) => {
      const result = await runProgram(AGENT_PROGRAM, args);
      expect(result.exitCode).toBe(0);
      expect(result.stdout).not.toBe('');
    },
  );

  it('documents its exit codes in --help', async () => {
    expect((await runProgram(AGENT_PROGRAM, ['--help'])).stdout).toMatch(
      /Exit codes[\s\S]*0 [\s\S]*1 [\s\S]*2 /,
    );
  });

  it('refuses unknown options and contradictory ones with 1', async () => {
    expect((await runProgram(AGENT_PROGRAM, ['--enrol', 'https://x'])).exitCode).toBe(1);
    expect((await runProgram(AGENT_PROGRAM, ['--enroll', 'https://x', '--renew-certs'])).exitCode).toBe(1);
  });

  it('runs from any folder and through a link', async () => {
    const link = join(folder.path, 'agent-link');
    await symlink(join(REPOSITORY, 'bin/linux-patch-api'), link);
    expect((await runProgram(link, ['--version'], { cwd: '/' })).stdout.trim()).toBe(VERSION);
  });

  it('with --enroll and a manager that does not answer ends with 1 when stopped, and never binds the port', async () => {
    const host = await newHost();
    await using agent = host.start({ args: ['--enroll', `https://127.0.0.1:${await freePort()}`] });
    await agent.logged('ECONNREFUSED');
    expect(await isBound(host)).toBe(false);
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(1);
  });

  it('with --renew-certs and no manager says what is missing and ends with 1', async () => {
    const host = await newHost();
    const result = await host.run('--renew-certs');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('enrollment.manager_url');
  });

  it('names the process that holds its port', async () => {
    const host = await newHost();
    await importCertificates(host);
    const holder = createServer().listen(host.port, host.address);
    await once(holder, 'listening');
    const result = await host.run();
    holder.close();
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(String(process.pid));
    expect(result.stderr).not.toContain('Listening on');
  });

  it('never tells the host code in its log', async () => {
    const host = await newHost([`manager_url: https://127.0.0.1:${await freePort()}`]);
    await using agent = host.start();
    await agent.logged('ECONNREFUSED');
    const state = await readFile(join(host.root, 'var/lib/linux_patch_api/enrollment.json'), 'utf8');
    const code = (JSON.parse(state) as { host_code: string }).host_code;
    expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
    agent.signal('SIGTERM');
    await agent.exited;
    expect(await readFile(agent.logFile, 'utf8')).not.toContain(code);
  });
});

/** Certificates copied by hand, made by openssl. */
async function importCertificates(host: LabHost): Promise<void> {
  await makeOpensslIdentity({
    folder: join(host.root, 'etc/linux_patch_api/certs'),
    fqdn: host.name,
    address: host.address,
  });
}
