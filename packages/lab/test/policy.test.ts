import { appendFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { type Envelope, Health, Job, JobAccepted, Plan } from '@linux-patch/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentProcess, LabHost, ManagerProcess } from '../src/index.ts';
import { type ManagerIdentity, managerIdentity } from '../src/mtls-health.ts';
import { must } from '../src/process.ts';
import { askUntil } from '../src/wait.ts';
import { type Lab, openLab, startApproved } from './open-lab.ts';

let lab: Lab;
let manager: ManagerProcess;
let identity: ManagerIdentity;
let host: LabHost;
let agent: AgentProcess;
let file: string;

/** An agent that has joined a manager, and the manager's key in the hands of whoever wants to change packages. */
beforeAll(async () => {
  lab = await openLab();
  ({ manager } = lab);
  host = await lab.host({
    name: 'policy.lab.test',
    address: '127.0.0.47',
    packages: ['toyhello', 'toylib', 'toyapp', 'toyconf'],
    enrollment: [`ca_fingerprint: "${manager.caFingerprint}"`],
  });
  file = join(host.root, 'etc/linux_patch_api/policy.yaml');
  await appendFile(host.configFile, 'rate_limit: { enabled: false }\n');
  agent = await startApproved(lab, host);
  identity = await managerIdentity(manager.root);
  // So that the policy alone stands between the manager's key and the packages.
  must(await host.run('trust-job-key', 'none'), 'trust-job-key none');
  await lab.repository.publishUpdates();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});
beforeEach(() => allow({}));

/** Makes this the policy of the host; the agent is told nothing. */
function allow(policy: Record<string, unknown>): Promise<void> {
  // JSON of one line a key is YAML whose lines can be counted.
  const lines = Object.entries(policy).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return writeFile(file, `${lines.join('\n')}\n`, { mode: 0o644 });
}

async function ask(
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number | undefined; readonly envelope: Envelope }> {
  const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string]>();
  const text = body ? JSON.stringify(body) : '';
  const outgoing = request(
    {
      ...identity,
      host: host.address,
      servername: host.name,
      port: host.port,
      method,
      path: `/api/v1${path}`,
      agent: false,
      headers: body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } : {},
    },
    (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (part: string) => (answer += part));
      response.on('end', () => resolve([response.statusCode, answer]));
    },
  );
  outgoing.on('error', reject);
  outgoing.end(text);
  const [status, answer] = await promise;
  return { status, envelope: JSON.parse(answer) as Envelope };
}

/** The rule that refused a request, which became no job. */
async function refusal(method: string, path: string, body?: object) {
  const before = await jobCount();
  const { status, envelope } = await ask(method, path, body);
  expect([status, envelope.error?.code, await jobCount()]).toEqual([403, 'POLICY_DENIED', before]);
  return { message: envelope.error?.message, policy: envelope.error?.details?.['policy'] };
}

async function jobCount(): Promise<number> {
  const { envelope } = await ask('GET', '/jobs?limit=1');
  return (envelope.data as { total: number }).total;
}

/** The job that a request becomes, when it has ended. */
async function done(method: string, path: string, body?: object): Promise<Job> {
  const { envelope } = await ask(method, path, body);
  const { job_id: id } = JobAccepted.parse(envelope.data);
  return askUntil(`job ${id} to end`, async () => {
    const job = Job.parse((await ask('GET', `/jobs/${id}`)).envelope.data);
    return ['queued', 'running'].includes(job.status) ? undefined : job;
  });
}

async function plan(path: string, body: object): Promise<Plan> {
  return Plan.parse((await ask('POST', path, body)).envelope.data);
}

async function versions(): Promise<Record<string, string>> {
  const { stdout } = await host.apt.run('dpkg-query', ['--show', '--showformat', '${Package} ${Version}\\n']);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

const OLD = { toyapp: '1.0-1', toyconf: '1.0-1', toyhello: '1.0-1', toylib: '1.0-1' };

describe('before a change becomes a job, the policy', () => {
  it('refuses an operation that may not be asked for, with the rule and its place', async () => {
    await allow({ removals: 'any', allowed_operations: ['update'] });
    const denied = await refusal('POST', '/packages', { packages: [{ name: 'toyreboot' }] });
    expect(denied.policy).toEqual({
      rule: 'allowed_operations',
      file,
      line: 2,
      reason: 'install may not be asked for from outside, only update',
      packages: ['toyreboot'],
    });
    expect(denied.message).toBe(
      `Nothing was changed: the policy of this host forbids it: install may not be asked for from outside, only update (${file}:2). Only root of the host can change that file; a change counts at once.`,
    );
    await refusal('DELETE', '/packages/toyapp');
    await refusal('POST', '/patches/apply', { all: true, reboot: true });
  });

  it('refuses what names a package that is never touched, holding it included', async () => {
    await allow({ excluded_packages: ['toyh*'] });
    expect((await refusal('PUT', '/packages/toyhello', {})).policy).toMatchObject({
      rule: 'excluded_packages',
    });
    await refusal('POST', '/packages/hold', { packages: ['toylib', 'toyhello'] });
    await refusal('POST', '/patches/apply', { packages: ['toyhello'] });
    await refusal('DELETE', '/packages/toyhello');
  });

  it('refuses removals that the request allows and the host does not', async () => {
    await allow({ removals: 'named' });
    const denied = await refusal('POST', '/patches/apply', { all: true, allow_removals: true });
    expect(denied.policy).toMatchObject({ rule: 'removals', line: 1 });
    await allow({ removals: 'none' });
    await refusal('DELETE', '/packages/toyapp');
  });

  it('refuses older versions where nothing is said of them, and what overrides holds that are kept', async () => {
    const older = { version: '1.0-1', options: { allow_downgrade: true } };
    expect((await refusal('PUT', '/packages/toyhello', older)).policy).toMatchObject({ rule: 'downgrades' });
    await allow({ holds: 'kept' });
    const forced = await refusal('PUT', '/packages/toyhello', { options: { force: true } });
    expect(forced.policy).toMatchObject({ rule: 'holds' });
    await refusal('DELETE', '/packages/toyhello?force=true');
    await refusal('POST', '/packages/unhold', { packages: ['toyhello'] });
  });

  it('refuses everything while it is faulty; reading goes on, health says so, and a mended file counts at once', async () => {
    await writeFile(file, 'excluded_packages: [toy hello]\nwindows: always\n');
    const denied = await refusal('PUT', '/packages/toyhello', {});
    expect(denied.message).toContain(`${file}:1:21 excluded_packages.0: a name pattern has only`);
    expect(denied.message).toContain(`${file}:2:10 windows: must be a list`);
    expect((await ask('GET', '/packages')).status).toBe(200);
    await agent.logged('The policy of this host cannot be relied on');
    const { envelope } = await ask('GET', '/health');
    expect(Health.parse(envelope.data)).toMatchObject({
      status: 'degraded',
      checks: { policy: expect.stringContaining('every change is denied') },
      allowed_operations: [],
    });
    expect((await host.run('status', '--json')).stdout).toContain('"POLICY_FAULTY"');
    await allow({ allowed_operations: ['reboot'] });
    expect((await refusal('PUT', '/packages/toyhello', {})).policy).toMatchObject({
      rule: 'allowed_operations',
    });
    await agent.logged('The policy of this host changed and counts from now on');
    const now = await ask('GET', '/health');
    expect(Health.parse(now.envelope.data)).toMatchObject({
      checks: { policy: 'ok' },
      allowed_operations: ['reboot'],
    });
  });
});

describe('a job that the policy forbids by what only its plan shows', () => {
  it('ends before anything is changed, and the plan says so beforehand: a package that is never touched', async () => {
    await allow({ excluded_packages: ['toyapp'] });
    const wish = { operation: 'remove', name: 'toylib', allow_removals: true };
    const planned = await plan('/packages/plan', wish);
    expect(planned).toMatchObject({
      removed_packages: ['toyapp', 'toylib'],
      policy: { rule: 'excluded_packages', line: 1, packages: ['toyapp'] },
    });
    const job = await done('DELETE', '/packages/toylib?allow_removals=true');
    expect(job).toMatchObject({
      status: 'failed',
      error_code: 'POLICY_DENIED',
      results: [],
      error_details: { policy: planned.policy },
      error: expect.stringContaining('toyapp is never touched, and it would be removed'),
    });
    expect(await versions()).toEqual(OLD);
  });

  it('ends before anything is changed: a source that is not allowed, even where another update is', async () => {
    await allow({ allowed_origins: [{ label: 'Debian-Security' }] });
    const planned = await plan('/packages/plan?refresh=true', { operation: 'update', name: 'toyhello' });
    const reason = expect.stringMatching(
      /^toyhello 1\.1-1 would come from the source with .*label Debian, suite stable/,
    );
    expect(planned.policy).toMatchObject({ rule: 'allowed_origins', reason });
    const shown: string[] = [];
    await manager.show((line) => shown.push(line), 'patch', host.name, 'toyhello', '--dry-run');
    expect(shown.join('\n')).toMatch(
      /^DENIED: the policy of the host forbids it now: toyhello 1\.1-1 would come/m,
    );
    const job = await done('POST', '/patches/apply', { packages: ['toylib', 'toyhello'] });
    expect(job).toMatchObject({
      error_code: 'POLICY_DENIED',
      results: [],
      error_details: { policy: { reason } },
    });
    expect(await versions()).toEqual(OLD);
    expect((await plan('/packages/plan', { operation: 'update', name: 'toylib' })).policy).toBeNull();
  });

  it('ends before anything is changed outside of the windows, and says when the next opens', async () => {
    const clock = (hours: number): string =>
      new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    await allow({ time_zone: 'UTC', windows: [{ from: clock(2), to: clock(3) }] });
    const job = await done('PUT', '/packages/toyhello', {});
    expect(job).toMatchObject({
      status: 'failed',
      error_code: 'POLICY_DENIED',
      error_details: { policy: { rule: 'windows', line: 2 } },
      error: expect.stringMatching(/it is .* UTC, the next opens .* UTC \(/),
    });
    expect((await plan('/patches/plan', { all: true })).policy).toMatchObject({ rule: 'windows' });
    expect(await versions()).toEqual(OLD);
    await allow({ time_zone: 'UTC', windows: [{ from: clock(-1), to: clock(2) }] });
    expect((await plan('/patches/plan', { all: true })).policy).toBeNull();
  });

  it('is on record in the audit log with its rule', async () => {
    await allow({ excluded_packages: ['toyapp'] });
    const { job_id } = await done('DELETE', '/packages/toylib?allow_removals=true');
    const denials = await askUntil('the record', async () => {
      const { stdout } = await host.apt.run('cat', [join(host.root, 'var/log/linux_patch_api/audit.log')]);
      const lines = stdout.split('\n').filter((line) => line.includes('"policy_denied"'));
      return lines.find((line) => line.includes(job_id));
    });
    expect(JSON.parse(denials)).toMatchObject({
      event: 'policy_denied',
      details: { operation: 'remove', rule: 'excluded_packages', line: 1, packages: ['toyapp'] },
    });
  });
});

describe('all updates, which name none', () => {
  it('go in without what the policy forbids, which is left out with the words of the rule', async () => {
    await allow({ excluded_packages: ['toyhello'], allowed_origins: [{ label: 'Debian-Security' }] });
    const planned = await plan('/patches/plan', { all: true });
    expect(planned.steps.map((one) => one.name)).toEqual(['toylib']);
    expect(planned.policy).toBeNull();
    expect(planned.left_out.map(({ name, why, asked }) => [name, why, asked])).toEqual([
      ['toyapp', 'policy', false],
      ['toyconf', 'policy', false],
      ['toyhello', 'policy', false],
    ]);
    const job = await done('POST', '/patches/apply', { all: true });
    expect(job).toMatchObject({
      status: 'completed',
      message: expect.stringContaining('toyhello is never touched'),
    });
    expect(job.results.filter((one) => one.action !== 'unchanged').map((one) => one.name)).toEqual([
      'toylib',
    ]);
    expect(job.results.find((one) => one.name === 'toyapp')).toMatchObject({ error_code: 'POLICY_DENIED' });
    expect(await versions()).toEqual({ ...OLD, toylib: '1.0-1+deb12u1' });
  });
});

describe('the administrator of the host', () => {
  it('reads what is in force in plain words', async () => {
    await allow({ allowed_operations: ['update'], excluded_packages: ['toyhello'] });
    const shown = await host.run('policy', 'show');
    expect([shown.exitCode, shown.stdout.replaceAll(file, 'FILE')]).toEqual([
      0,
      [
        'What FILE lets others do on this host:',
        '  may be asked for          update (line 1)',
        '  never touched             toyhello (line 2)',
        '  packages may come from    every source the host is configured with (default)',
        '  may be removed            what a request names, and what it allows to go for that (default)',
        '  may get older versions    nothing (default)',
        '  what is held here         may be released, and changed with force (default)',
        '  changes may begin         at any time (default)',
        "  time zone of the windows  the host's own (default)",
        '  Now a change may begin.',
        '',
      ].join('\n'),
    ]);
    await writeFile(file, 'removals: no\n');
    const faulty = await host.run('policy', 'show');
    expect(faulty.exitCode).toBe(4);
    expect(faulty.stdout).toMatch(
      /every change from outside is denied; reading goes on\.\n {2}.*policy\.yaml:1:11/,
    );
  });

  it('checks a file before it becomes the policy, and sees all its faults', async () => {
    const draft = join(lab.folder, 'draft.yaml');
    await writeFile(draft, 'removal: none\ntime_zone: Nowhere\n');
    const checked = await host.run('policy', 'check', draft);
    expect([checked.exitCode, checked.stdout]).toEqual([
      4,
      `${draft}:1:1 removal: unknown key (did you mean "removals"?)\n${draft}:2:12 time_zone: must be a time zone such as Europe/Berlin\n`,
    ]);
    await writeFile(draft, 'removals: none\n');
    expect(await host.run('policy', 'check', draft)).toMatchObject({
      exitCode: 0,
      stdout: `${draft} has no faults.\n`,
    });
  });
});
