import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostChanges, Job, JobList, PackageList, Plan } from '@linux-patch/contract';
import { systemFiles } from '@linux-patch/runtime/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProcess, LabHost } from '../src/index.ts';
import { must } from '../src/process.ts';
import { askUntil } from '../src/wait.ts';
import { type Lab, openLab, startApproved } from './open-lab.ts';

let lab: Lab;
let host: LabHost;
let agent: AgentProcess | undefined;
/** Of the job that was done while no agent ran. */
let first: string;

/** A host with updates, whose agent has joined a manager and does not run. */
beforeAll(async () => {
  // It lists its hosts every three seconds.
  lab = await openLab({ configuration: ['fleet: { inventory_minutes: 0.05 }'] });
  host = await lab.host({
    name: 'changes.lab.test',
    address: '127.0.0.49',
    packages: ['toyhello', 'toylib', 'toyapp'],
    enrollment: [`ca_fingerprint: "${lab.manager.caFingerprint}"`],
  });
  agent = await startApproved(lab, host);
  await askUntil('the first listing', async () => (await seenChanges()).host.listed_at ?? undefined);
  await stopAgent();
  await lab.repository.publishUpdates();
});
afterAll(async () => {
  await stopAgent();
  await lab[Symbol.asyncDispose]();
});

async function stopAgent(): Promise<void> {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
}

async function startAgent(): Promise<void> {
  agent = host.start();
  await agent.listening;
}

/** What a command of root prints as JSON. */
async function told(...args: string[]): Promise<unknown> {
  return JSON.parse(must(await host.run(...args, '--json'), args.join(' ')).stdout);
}

async function seenChanges(): Promise<HostChanges> {
  return HostChanges.parse(await lab.manager.json('hosts', 'changes', host.name));
}

/** A job that has not ended: its command ends with 3. */
async function waitingJob(id: string): Promise<unknown> {
  return JSON.parse((await host.run('job', id, '--json')).stdout);
}

async function versionOf(name: string): Promise<string | undefined> {
  const { packages } = PackageList.parse(await told('packages', '--name', name));
  return packages[0]?.version;
}

describe('root of a host, without an agent', () => {
  it('is shown what would be done, and nothing is done that nobody wanted', async () => {
    const plan = Plan.parse(await told('apply', 'toyhello', '--dry-run'));
    expect(plan.steps).toMatchObject([{ name: 'toyhello', from: '1.0-1', to: '1.1-1' }]);
    const unasked = await host.run('apply', 'toyhello');
    expect([unasked.exitCode, unasked.stderr]).toEqual([1, expect.stringContaining('Say --yes, or --plan')]);
    expect(unasked.stdout).toContain(`Plan ${plan.plan_hash}`);
    for (const args of [
      ['apply'],
      ['apply', '--all', 'toyhello'],
      ['apply', '--all', '--dry-run', '--plan', plan.plan_hash],
    ])
      expect(await host.run(...args)).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await versionOf('toyhello')).toBe('1.0-1');
    expect((await host.run('jobs')).stdout).toBe('No jobs.\n');
  });

  it('has it done, sees how, and what came of it', async () => {
    const run = await host.run('apply', 'toyhello', '--yes');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/toyhello +1\.0-1 +1\.1-1 +upgraded/u);
    expect(run.stdout).toMatch(/^\[#+\.*\] +\d+ % {2}/mu);
    const { jobs } = JobList.parse(await told('jobs'));
    expect(jobs).toMatchObject([{ operation: 'patch_apply', status: 'completed', by_root: true }]);
    first = jobs[0]?.job_id ?? '';
    const job = Job.parse(await told('job', first, '--follow'));
    expect(job).toMatchObject({ status: 'completed', by_root: true, signed_by: null });
    expect(job.output).toContain('Setting up toyhello');
    expect((await host.run('job', first)).stdout).toContain('root of the host, there');
    expect(await host.run('apply', 'toyhello', '--yes')).toMatchObject({ exitCode: 0 });
  });

  it('has it put on record by the agent that comes later, and its manager sees who asked', async () => {
    await startAgent();
    const seen = await askUntil('the job at the manager', async () => {
      const { jobs } = JobList.parse(await lab.manager.json('jobs', host.name));
      return jobs.find((one) => one.job_id === first && one.status === 'completed');
    });
    expect(seen).toMatchObject({ by_root: true });
    const change = await askUntil('the change at the manager', async () => (await seenChanges()).changes[0]);
    expect(change).toMatchObject({ job_id: first, packages: [{ name: 'toyhello', after: '1.1-1' }] });
  });
  it('has a job go on whose process was killed, while another one waits for its turn', async () => {
    await stopAgent();
    const begun = await told('install', 'toyslow', '--yes', '--no-wait');
    const { job_id: slow } = begun as { job_id: string };
    await askUntil('toyslow to be unpacked', async () =>
      (await systemFiles.facts(join(host.root, 'usr/share/toyslow/version'))) ? true : undefined,
    );
    const { job_id: next } = (await told('hold', 'toylib', '--no-wait')) as { job_id: string };
    await askUntil('the other to wait', async () =>
      Job.parse(await waitingJob(next)).message.includes(`turn after job ${slow}`) ? true : undefined,
    );
    const folder = join(host.root, 'var/lib/linux_patch_worker/run', slow);
    const wrapper = (await readFile(join(folder, 'pid'), 'utf8')).trim();
    const children = await readFile(`/proc/${wrapper}/task/${wrapper}/children`, 'utf8');
    process.kill(Number(children.trim()), 'SIGKILL');
    const following = host.run('job', slow, '--follow');
    await askUntil('another process of the job', async () =>
      (await readFile(join(folder, 'pid'), 'utf8').catch(() => wrapper)).trim() === wrapper
        ? undefined
        : true,
    );
    await writeFile(join(host.root, 'tmp/toyslow-go'), '');
    expect(await following).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('toyslow') });
    expect(await host.run('job', next, '--follow')).toMatchObject({ exitCode: 0 });
    expect(await host.run('unhold', 'toylib')).toMatchObject({ exitCode: 0 });
    await startAgent();
  });
});

describe('root of a host, beside its agent', () => {
  it('takes it back, and the agent follows', async () => {
    const plan = Plan.parse(await told('rollback', first, '--dry-run'));
    expect(plan.steps).toMatchObject([{ name: 'toyhello', action: 'downgrade', to: '1.0-1' }]);
    const job = Job.parse(await told('rollback', first, '--plan', plan.plan_hash));
    expect(job).toMatchObject({ status: 'completed', rollback_job_id: first });
    expect(await versionOf('toyhello')).toBe('1.0-1');
    await askUntil('the record of the agent', async () => {
      const { jobs } = JobList.parse(await lab.manager.json('jobs', host.name));
      return jobs.find((one) => one.job_id === job.job_id && one.status === 'completed');
    });
  });

  it('installs, holds and removes', async () => {
    expect(await host.run('hold', 'toyhello')).toMatchObject({ exitCode: 0 });
    const held = Plan.parse(await told('apply', '--all', '--dry-run'));
    expect(held.left_out).toMatchObject([{ name: 'toyhello', why: 'held' }]);
    expect(await host.run('unhold', 'toyhello')).toMatchObject({ exitCode: 0 });
    expect(await host.run('remove', 'toyhello', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await versionOf('toyhello')).toBeUndefined();
    expect(await host.run('install', 'toyhello=1.0-1', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await versionOf('toyhello')).toBe('1.0-1');
  });

  it('is told that a plan is another by now, and what is different', async () => {
    const { plan_hash: hash } = Plan.parse(await told('apply', '--all', '--dry-run'));
    const run = await host.run('apply', 'toyhello', '--plan', hash);
    expect(run.exitCode).toBe(4);
    expect(run.stdout).toContain('PLAN_CHANGED');
  });

  it('is bound by the policy of the host, which denies everything where it is faulty', async () => {
    const policy = join(host.root, 'etc/linux_patch_api/policy.yaml');
    await writeFile(policy, 'excluded_packages: [toyhello]\n', { mode: 0o600 });
    for (const args of [
      ['apply', 'toyhello', '--yes'],
      ['remove', 'toyhello', '--yes'],
      ['hold', 'toyhello'],
    ]) {
      const run = await host.run(...args);
      expect(run).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('toyhello is never touched ('),
      });
    }
    await writeFile(policy, 'excluded_packages: toyhello\n', { mode: 0o600 });
    const faulty = await host.run('hold', 'toylib');
    expect(faulty).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('policy.yaml') });
    await writeFile(policy, '', { mode: 0o600 });
  });
});
