import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { VERSION } from '@linux-patch/contract';
import { freePort, temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it, vi } from 'vitest';
import { createLabHost, type LabHost } from '../src/agent-process.ts';
import { buildToyRepository } from '../src/apt/repository.ts';
import { openHostileAgent } from '../src/attacks/hostile-agent.ts';
import { MANAGER_PROGRAM } from '../src/checkout.ts';
import { type ManagerProcess, startManagerProcess } from '../src/manager-process.ts';
import { waitingHost } from '../src/waiting-host.ts';

const JOB_ID = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
const NOW = '2026-11-23T12:00:00.000Z';

const job = (status: 'running' | 'completed', more: object = {}) => ({
  data: {
    job_id: JOB_ID,
    operation: 'patch_apply',
    status,
    state: status,
    progress: 50,
    progress_percent: 50,
    message: `toylib is ${status}`,
    packages: ['toylib'],
    created_at: NOW,
    started_at: NOW,
    updated_at: NOW,
    completed_at: status === 'completed' ? NOW : null,
    logs: [],
    output: null,
    error: null,
    error_code: null,
    exit_code: null,
    command_stdout: null,
    command_stderr: null,
    results: [],
    rollback_job_id: null,
    exclusive_mode: false,
    ...more,
  },
});

const system = (boot_id: string, pending: boolean) => ({
  data: {
    hostname: 'web1',
    fqdn: 'web1.lab.test',
    os: 'Debian',
    os_version: '12',
    os_codename: null,
    kernel: '6.1',
    architecture: 'amd64',
    package_manager: 'apt',
    uptime_seconds: 1,
    boot_id,
    last_boot: null,
    last_update_check: null,
    last_update_apply: null,
    pending_reboot: pending,
    reboot_reasons: pending ? ['linux-image'] : [],
    package_db_clean: true,
    api_version: VERSION,
    service_status: 'serving',
  },
});

/** A host that has joined; whoever listens with its certificate answers as its agent. */
async function joinedHost(
  manager: ManagerProcess,
  root: string,
  stack: AsyncDisposableStack,
): Promise<LabHost> {
  const repository = await buildToyRepository({ folder: join(root, 'repository') });
  const host = await createLabHost({
    root: join(root, 'host'),
    name: 'web1.lab.test',
    address: '127.0.6.1',
    repository,
    enrollment: [`manager_url: ${manager.url}`, 'report_ip: 127.0.6.1'],
  });
  const agent = stack.use(host.start());
  const { request_id, host_code } = await waitingHost(host);
  await manager.json('enrollments', 'approve', request_id, '--code', host_code);
  await agent.listening;
  return host;
}

/** The command, and what it says as it says it. */
function patch(manager: ManagerProcess, stack: AsyncDisposableStack, hosts: string, ...options: string[]) {
  const child = spawn(MANAGER_PROGRAM, ['--root', manager.root, 'patch', hosts, '--all', ...options]);
  stack.defer(() => void child.kill());
  const said = { stdout: '', stderr: '' };
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      said[name] += chunk.toString();
      for (const { text, resolve } of waiting) if (`${said.stdout}${said.stderr}`.includes(text)) resolve();
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = (text: string): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push({ text, resolve });
    void ended.then(() => reject(new Error(`it ended without "${text}": ${said.stdout}${said.stderr}`)));
    return promise;
  };
  return { says, ended, said };
}

/** A manager with one host, whose agent says what a test tells it. */
async function scripted(stack: AsyncDisposableStack) {
  const folder = stack.use(await temporaryFolder());
  const manager = stack.use(await startManagerProcess(join(folder.path, 'manager')));
  const host = await joinedHost(manager, folder.path, stack);
  const script = {
    state: job('running'),
    boot: system('boot-1', true),
    applied: [] as string[],
    followed: 0,
  };
  const port = await freePort(host.address);
  const listen = () =>
    openHostileAgent(
      host,
      (method, path) => {
        if (path === '/api/v1/system/info') return script.boot;
        // A manager that has not asked yet which installation this is does so before a change.
        if (path === '/api/v1/health') return { data: { status: 'healthy', version: VERSION } };
        if (method === 'POST') {
          script.applied.push(path);
          return {
            data: {
              job_id: JOB_ID,
              status: 'pending',
              operation: 'patch_apply',
              packages: [],
              package: null,
            },
          };
        }
        if (path.startsWith('/api/v1/jobs/')) {
          script.followed += 1;
          return script.state;
        }
        return { code: 'NOT_FOUND', message: 'nothing here' };
      },
      port,
    );
  const agent = await listen();
  await manager.json('hosts', 'set', host.name, '--port', String(port));
  return { manager, host, script, listen, agent };
}

const REBOOTS = { reboot: { due_at: NOW, delay_seconds: 0, reasons: ['linux-image'] } };

it('patch --wait ends with the result of the job, over restarts of agent and manager and a reboot', async () => {
  await using stack = new AsyncDisposableStack();
  const { manager, script, listen, ...first } = await scripted(stack);
  let { agent } = first;
  const command = patch(manager, stack, 'web1.lab.test', '--wait', '--reboot', '--reboot-delay', '0');
  await command.says(
    'web1.lab.test needs a reboot already (linux-image): it reboots at once, also when nothing',
  );
  await command.says('toylib is running');
  await agent[Symbol.asyncDispose]();
  await command.says('Waiting: web1.lab.test cannot be reached');
  agent = await listen();
  await manager.kill();
  await command.says('Waiting: The manager does not answer');
  await manager.start();
  script.state = job('completed', REBOOTS);
  await command.says('Waiting for web1.lab.test to reboot');
  await agent[Symbol.asyncDispose]();
  script.boot = system('boot-2', false);
  agent = stack.use(await listen());
  expect(await command.ended, `${command.said.stdout}${command.said.stderr}`).toBe(0);
  expect(command.said.stderr).toContain('web1.lab.test is back.');
  expect(command.said.stdout).toContain('toylib is completed');
  expect(script.applied).toHaveLength(1);
  const database = new DatabaseSync(join(manager.root, 'var/lib/linux_patch_manager/manager.sqlite'), {
    readOnly: true,
  });
  const [row] = database.prepare("select fields from audit where event = 'patches_applied'").all();
  database.close();
  expect(JSON.parse(String(row?.['fields']))).toMatchObject({
    request: { all: true, allow_reboot: true, reboot_delay_seconds: 0 },
  });
  expect(await readFile(join(manager.root, 'manager.log'), 'utf8')).toContain('patches/apply');
});

it('patch --wait of several hosts waits until each is back from its reboot', async () => {
  await using stack = new AsyncDisposableStack();
  const { manager, script, listen, agent } = await scripted(stack);
  script.state = job('completed', REBOOTS);
  const asked = ['--wait', '--reboot', '--reboot-delay', '0', '--parallel', '1'];
  const command = patch(manager, stack, 'web*', ...asked);
  await command.says('At most 1 host at a time, each until it is back.');
  await vi.waitFor(() => expect(script.followed).toBeGreaterThan(0), { timeout: 60_000 });
  await agent[Symbol.asyncDispose]();
  script.boot = system('boot-2', false);
  stack.use(await listen());
  expect(await command.ended, `${command.said.stdout}${command.said.stderr}`).toBe(0);
  expect(command.said.stdout).toMatch(/^web1\.lab\.test +done +is back +/m);
});
