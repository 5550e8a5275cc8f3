import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentStatus, Host, Job, JobKeyStatus } from '@linux-patch/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askDirectly } from '../src/direct-change.ts';
import type { AgentProcess, LabHost, ManagerProcess } from '../src/index.ts';
import { managerIdentity } from '../src/mtls-health.ts';
import { askUntil } from '../src/wait.ts';
import { type Lab, openLab } from './open-lab.ts';

let lab: Lab;
let manager: ManagerProcess;
let host: LabHost;
let agent: AgentProcess;

const KEY_FILE = 'var/lib/linux_patch_manager/ca/job-key.json';
const PIN_FILE = 'etc/linux_patch_api/job-key.json';
const JOIN_FILE = 'etc/linux_patch_api/join';
const PIN_MARK = 'var/lib/linux_patch_worker/job-key-pinned';

/** A host that knows where its manager is, and nothing of its CA. */
const hostWith = (name: string, address: string): Promise<LabHost> =>
  lab.host({ name: `${name}.lab.test`, address, packages: ['toyhello'] });

async function joinString(): Promise<string> {
  const { join_string } = (await manager.json('tokens', 'create')) as { join_string: string };
  return join_string;
}

beforeAll(async () => {
  lab = await openLab();
  ({ manager } = lab);
  host = await hostWith('signed', '127.0.0.61');
  // On a quick machine these tests ask for more than ten changes a minute.
  await appendFile(host.configFile, 'rate_limit: { enabled: false }\n');
  await writeFile(join(host.root, JOIN_FILE), await joinString(), { mode: 0o600 });
  agent = host.start();
  await agent.listening;
  await lab.repository.publishUpdates();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const jobKey = async () => (await manager.json('job-key', 'show')) as JobKeyStatus;
const pinOf = async (one: LabHost = host) => ((await one.status()) as unknown as AgentStatus).job_key;

async function stateAtManager(one: LabHost = host): Promise<Host['job_key']> {
  return ((await manager.ask(`/hosts/${one.name}`)) as Host).job_key;
}

/** Waits until the manager has heard what the host pins. */
const heard = (state: Host['job_key']['state']) =>
  askUntil(`the manager to hear "${state}"`, async () =>
    (await stateAtManager()).state === state ? state : undefined,
  );

/** The exit code of `patch`, and what it said. */
async function patch(...packages: string[]): Promise<{ exitCode: number | null; said: string }> {
  const lines: string[] = [];
  const exitCode = await manager.show((line) => lines.push(line), 'patch', host.name, ...packages, '--wait');
  return { exitCode, said: lines.join('\n') };
}

/** Whoever stole the TLS key of the manager. */
async function thief(wish: Parameters<typeof askDirectly>[2]): Promise<string> {
  const { statusCode, code } = await askDirectly(host, await managerIdentity(manager.root), wish);
  return `${statusCode} ${code ?? 'done'}`;
}

const INSTALL = { method: 'POST', path: '/api/v1/packages', body: '{"packages":[{"name":"toyapp"}]}' };

it('a host that joins by string pins the key that the CA of the string certified', async () => {
  const { fingerprint } = await jobKey();
  expect(await pinOf()).toEqual({ pinned: fingerprint, by: 'join', foreign: null });
  const { stdout } = await host.run('status');
  expect(stdout).toContain(`Job key      ${fingerprint} (certified by the CA that the join string pins)`);
  await heard('pinned');
  expect(await jobKey()).toMatchObject({ hosts: { pinned: 1, foreign: 0, none: 0 } });
});

it('its manager cancels a job that waits; of one that has ended the record stays', async () => {
  const lock = join(host.root, 'var/lib/dpkg/lock-frontend');
  const holder = spawn('flock', ['--no-fork', lock, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { job_id } = await (async () => {
    holder.stdin.write('locked\n');
    await once(holder.stdout, 'data');
    return (await manager.json('patch', host.name, '--all')) as { job_id: string };
  })();
  const stateOf = async () => ((await manager.ask(`/hosts/${host.name}/jobs/${job_id}`)) as Job).status;
  const until = (state: Job['status']) =>
    askUntil(`the job to be ${state}`, async () => ((await stateOf()) === state ? state : undefined));
  try {
    await until('running');
    expect(await manager.json('cancel', host.name, job_id)).toMatchObject({ action: 'cancelling' });
    await until('cancelled');
  } finally {
    holder.kill();
    await once(holder, 'exit');
  }
  await expect(manager.json('cancel', host.name, job_id)).rejects.toThrow('has ended (cancelled)');
  expect(await stateOf()).toBe('cancelled');
});

it('its manager changes packages, and who has only the TLS key of the manager changes none', async () => {
  expect(await thief(INSTALL)).toBe('403 SIGNATURE_REQUIRED');
  expect(await thief({ method: 'DELETE', path: '/api/v1/packages/toyhello' })).toBe('403 SIGNATURE_REQUIRED');
  const { exitCode, said } = await patch('toyhello');
  expect(exitCode, said).toBe(0);
  const { jobs } = (await manager.json('jobs', host.name)) as { jobs: Job[] };
  expect(jobs.map((one) => one.status)).toEqual(['completed', 'cancelled']);
});

it('a manager that was restarted signs over numbers that it asks for anew, and so does one that was killed', async () => {
  await manager.kill();
  await manager.start();
  const { exitCode, said } = await patch('--all');
  expect(exitCode, said).toBe(0);
});

it('an agent that was restarted takes signatures over numbers from before', async () => {
  await agent[Symbol.asyncDispose]();
  agent = host.start();
  await agent.listening;
  const { exitCode, said } = await patch('--all');
  expect(exitCode, said).toBe(0);
});

it('a key that the one before signed is followed, also by a host that nobody told of it yet', async () => {
  const before = await jobKey();
  await cp(join(manager.root, KEY_FILE), join(lab.folder, 'old-key.json'));
  const after = (await manager.json('job-key', 'rotate')) as JobKeyStatus;
  expect(after.former).toEqual([before.fingerprint]);
  const { exitCode, said } = await patch('--all');
  expect(exitCode, said).toBe(0);
  expect(await pinOf()).toEqual({ pinned: after.fingerprint, by: 'join', foreign: null });
});

it('a manager whose key is older than the pinned one, or new, is refused until root of the host says that it counts', async () => {
  await manager.kill();
  await cp(join(lab.folder, 'old-key.json'), join(manager.root, KEY_FILE));
  await manager.start();
  const { exitCode, said } = await patch('--all');
  expect(exitCode).not.toBe(0);
  const { fingerprint: old } = await jobKey();
  const told = async () => readFile(join(manager.root, 'commands.log'), 'utf8');
  const degraded = async () =>
    ((await host.status()) as unknown as AgentStatus).degraded.map((one) => one.code);
  // Whoever stole the key of before has it, too: nothing on the host says that it should count again.
  expect(said + (await told())).toContain(
    `${old}, and ${(await pinOf())?.pinned} took its place on this host`,
  );
  await heard('foreign');
  const lines: string[] = [];
  await manager.show((line) => lines.push(line), 'hosts', 'list');
  expect(lines.join('\n')).toContain('pins a FOREIGN JOB KEY');
  expect(await degraded()).not.toContain('JOB_KEY_FOREIGN');

  await manager.kill();
  await rm(join(manager.root, KEY_FILE));
  await expect(manager.start()).rejects.toThrow(KEY_FILE);
  await manager.json('job-key', 'make');
  await manager.start();
  const { fingerprint } = await jobKey();
  expect(fingerprint).not.toBe(old);
  expect((await patch('--all')).exitCode).not.toBe(0);
  expect(await told()).toContain(`linux-patch-api trust-job-key ${fingerprint}`);
  await askUntil(
    'the host to say so',
    async () => (await degraded()).includes('JOB_KEY_FOREIGN') || undefined,
  );
  const trusted = await host.run('trust-job-key', fingerprint);
  expect(trusted.exitCode, trusted.stderr).toBe(0);
  expect((await patch('--all')).exitCode).toBe(0);
  expect(await pinOf()).toMatchObject({ pinned: fingerprint, by: 'root' });
});

it('root may let a host do without signatures, and status says it aloud', async () => {
  const { pinned } = (await pinOf()) ?? {};
  expect((await host.run('trust-job-key', 'none')).exitCode).toBe(0);
  expect(await thief({ ...INSTALL, path: '/api/v1/packages/hold', body: '{"packages":["toyhello"]}' })).toBe(
    '202 done',
  );
  expect((await host.run('status')).stdout).toMatch(
    /Job key {6}none \(root of this host said so\): changes NEED NO/,
  );
  expect((await patch('--all')).exitCode).toBe(0);
  expect((await host.run('trust-job-key', 'SHA256:short')).exitCode).toBe(1);
  expect((await host.run('trust-job-key', String(pinned))).exitCode).toBe(0);
  expect(await thief(INSTALL)).toBe('403 SIGNATURE_REQUIRED');
});

it('a host that pins none, as after an upgrade, pins the first that its manager offers', async () => {
  const { fingerprint } = await jobKey();
  await agent[Symbol.asyncDispose]();
  for (const path of [PIN_FILE, PIN_MARK, JOIN_FILE]) await rm(join(host.root, path), { recursive: true });
  agent = host.start();
  await agent.listening;
  await askUntil('the host to pin a key', async () => ((await pinOf())?.pinned ? true : undefined));
  expect(await pinOf()).toEqual({ pinned: fingerprint, by: 'first_sight', foreign: null });
  expect(await thief(INSTALL)).toBe('403 SIGNATURE_REQUIRED');
  expect((await patch('--all')).exitCode).toBe(0);
});

it('a damaged pin changes nothing for anybody, and the doctor says how to mend it', async () => {
  const path = join(host.root, PIN_FILE);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.slice(0, 20));
  expect((await patch('--all')).exitCode).not.toBe(0);
  expect(await thief(INSTALL)).toBe('503 SERVICE_UNHEALTHY');
  const { stdout } = await host.run('doctor', '--offline', '--json');
  expect(stdout).toContain('JOB_KEY_UNREADABLE');
  await writeFile(path, text);
  expect((await patch('--all')).exitCode).toBe(0);
});

it('a host that joins with its code pins at first sight, one that root enrols by the word of root, and leaving forgets the key', async () => {
  const { fingerprint } = await jobKey();
  const late = await hostWith('late', '127.0.0.62');
  const serving = late.start();
  const request = await askUntil('the request', async () => {
    const { enrollments } = (await manager.json('enrollments', 'list')) as {
      enrollments: { id: string; fqdn: string }[];
    };
    return enrollments.find((one) => one.fqdn === late.name);
  });
  await manager.json('enrollments', 'approve', request.id, '--code', await late.hostCode());
  await serving.listening;
  expect(await pinOf(late)).toEqual({ pinned: fingerprint, by: 'first_sight', foreign: null });
  await serving[Symbol.asyncDispose]();
  expect((await late.run('leave')).exitCode).toBe(0);
  expect(await pinOf(late)).toEqual({ pinned: null, by: null, foreign: null });

  await writeFile(
    join(late.root, PIN_FILE),
    JSON.stringify({ format: 1, pinned: `SHA256:${'A'.repeat(43)}`, by: 'first_sight', foreign: null }),
  );
  const enrolling = late.run('--enroll', manager.url);
  const again = await askUntil('the request of root', async () => {
    const { enrollments } = (await manager.json('enrollments', 'list')) as {
      enrollments: { id: string; fqdn: string }[];
    };
    return enrollments.find((one) => one.fqdn === late.name);
  });
  await manager.json('enrollments', 'approve', again.id, '--code', await late.hostCode(), '--replace');
  expect((await enrolling).exitCode).toBe(0);
  expect(await pinOf(late)).toEqual({ pinned: fingerprint, by: 'root', foreign: null });
});
