import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { freePort, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLEAN_ENVIRONMENT } from '../../../packaging/launcher.ts';
import { buildToyRepository } from '../src/apt/repository.ts';
import { REPOSITORY } from '../src/checkout.ts';
import { createLabHost, runProgram, startManagerProcess } from '../src/index.ts';

/** What these do to a program on Node that does not defend itself: no preload, no TLS 1.3, a debugger, no start at all. */
const BENDING = {
  NODE_OPTIONS:
    '--require /nonexistent/preload.js --tls-max-v1.2 --inspect=127.0.0.1:0 --not-an-option-of-node',
  NODE_EXTRA_CA_CERTS: '/nonexistent/ca.pem',
  NODE_ICU_DATA: '/nonexistent',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_CHANNEL_FD: '17',
  OPENSSL_CONF: '/nonexistent/openssl.cnf',
  SSL_CERT_FILE: '/nonexistent/ca.pem',
};

const NAMES = CLEAN_ENVIRONMENT.split('\n').flatMap((line) => line.split(' ').slice(1));
/** Every variable at once, with a value that the program must never see. */
const ALL = Object.fromEntries(NAMES.map((name) => [name, name === 'NODE_OPTIONS' ? '--inspect=0' : '1']));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The start scripts of a checkout. */
const AGENT_SCRIPT = join(REPOSITORY, 'bin/linux-patch-api');
const MANAGER_SCRIPT = join(REPOSITORY, 'bin/linux-patch-manager');

/** The scripts of a checkout set one of them to a value of their own. */
const OWN = `NODE_COMPILE_CACHE=${join(REPOSITORY, 'node_modules/.cache/compile')}`;

async function expectClean(pid: number): Promise<void> {
  const file = await readFile(`/proc/${pid}/environ`, 'utf8');
  const environment = file.split('\0').filter((one) => one !== OWN);
  const names = environment.map((one) => one.split('=', 1)[0] ?? '');
  expect(names.filter((name) => NAMES.includes(name))).toEqual([]);
}

describe('what the environment holds for other programs on Node', () => {
  it('does not bend the command lines', async () => {
    for (const program of [AGENT_SCRIPT, MANAGER_SCRIPT]) {
      const result = await runProgram(program, ['--version'], { env: BENDING });
      expect(result).toEqual({ exitCode: 0, stdout: `${VERSION}\n`, stderr: '' });
    }
  });

  it('is taken away by the scripts of a checkout as by those of the packages', async () => {
    for (const program of [AGENT_SCRIPT, MANAGER_SCRIPT, join(REPOSITORY, 'bin/linux-patch-worker')])
      expect(await readFile(program, 'utf8')).toContain(CLEAN_ENVIRONMENT);
  });

  it('has every variable that this Node says it reads', async () => {
    const { stdout } = await runProgram(process.execPath, ['--help']);
    const documented = stdout.match(/^(?:NODE|OPENSSL|SSL|UV)_[A-Z0-9_]+/gm) ?? [];
    expect(documented.length).toBeGreaterThan(10);
    expect(documented.filter((name) => !NAMES.includes(name))).toEqual([]);
  });

  it('does not reach a running agent, and SIGUSR1 opens no debugger', async () => {
    const repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
    const host = await createLabHost({
      root: join(folder.path, 'agent'),
      name: 'environment.lab.test',
      address: '127.0.0.1',
      repository,
      enrollment: [`manager_url: https://127.0.0.1:${await freePort()}`],
    });
    await using agent = host.start({ program: [AGENT_SCRIPT], env: ALL });
    await agent.logged('ECONNREFUSED');
    agent.signal('SIGUSR1');
    await expectClean(agent.pid);
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(2);
    expect(await readFile(agent.logFile, 'utf8')).not.toContain('Debugger');
  });

  it('does not reach a running manager, and SIGUSR1 opens no debugger', async () => {
    await using manager = await startManagerProcess(join(folder.path, 'manager'), {
      command: [MANAGER_SCRIPT],
      env: ALL,
    });
    manager.program.signal('SIGUSR1');
    await manager.json('status');
    await expectClean(manager.program.pid);
    manager.program.signal('SIGTERM');
    expect(await manager.program.exited).toBe(0);
    expect(await readFile(manager.program.logFile, 'utf8')).not.toContain('Debugger');
  });
});
