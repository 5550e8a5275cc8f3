import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Job, JobList, PackageList, PatchList, Plan } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProcess, LabHost } from '../src/index.ts';
import { must } from '../src/process.ts';
import { type Lab, openLab, startApproved } from './open-lab.ts';

let lab: Lab;
let host: LabHost;
let agent: AgentProcess | undefined;

/** An agent that has joined a manager, on a host with updates. */
beforeAll(async () => {
  lab = await openLab();
  host = await lab.host({
    name: 'commands.lab.test',
    address: '127.0.0.48',
    packages: ['toyhello', 'toylib', 'toyapp'],
    enrollment: [`ca_fingerprint: "${lab.manager.caFingerprint}"`],
  });
  agent = await startApproved(lab, host);
  await lab.repository.publishUpdates();
  await lab.manager.json('patches', host.name, '--refresh');
});
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** What a command of root prints as JSON. */
async function told(...args: string[]): Promise<unknown> {
  return JSON.parse(must(await host.run(...args, '--json'), args.join(' ')).stdout);
}

describe('root of a host', () => {
  it('sees what is installed and what waits as its manager does', async () => {
    const packages = PackageList.parse(await told('packages'));
    expect(packages).toMatchObject((await lab.manager.json('packages', host.name)) as object);
    expect(PackageList.parse(await told('packages', '--name', 'toyl*')).packages).toMatchObject([
      { name: 'toylib', upgradable: true },
    ]);
    const { patches, total } = PatchList.parse(await told('updates'));
    expect(patches.map((one) => one.name)).toContain('toyhello');
    const words = (await host.run('updates')).stdout;
    expect(words).toContain(`${total} pending, `);
    expect(words).toContain('Package lists checked ');
  });

  it('plans what its manager would, and changes nothing', async () => {
    const mine = Plan.parse(await told('plan', 'toyhello'));
    const managers = Plan.parse(await lab.manager.json('patch', host.name, 'toyhello', '--dry-run'));
    expect([mine.steps.map((one) => one.name), mine.plan_hash]).toEqual([['toyhello'], managers.plan_hash]);
    const all = Plan.parse(await told('plan', '--exclude', 'toyh*'));
    expect(all.left_out).toMatchObject([{ name: 'toyhello', why: 'excluded' }]);
    const words = (await host.run('plan', 'toyhello')).stdout;
    expect(words).toContain(`Plan ${mine.plan_hash}\nNothing was changed. `);
    expect(PackageList.parse(await told('packages', '--name', 'toyhello')).packages).toMatchObject([
      { version: '1.0-1' },
    ]);
  });

  it('follows a job that the manager asked for to its end, with what it prints', async () => {
    expect((await host.run('jobs')).stdout).toBe('No jobs.\n');
    const accepted = (await lab.manager.json('patch', host.name, 'toyhello')) as { job_id: string };
    const followed = await host.run('job', accepted.job_id, '--follow');
    expect(followed.exitCode).toBe(0);
    expect(followed.stdout).toContain('Setting up toyhello');
    expect(followed.stdout).toMatch(/toyhello +1\.0-1 +1\.1-1/u);
    expect(Job.parse(await told('job', accepted.job_id))).toMatchObject({ status: 'completed' });
    const { jobs } = JobList.parse(await told('jobs'));
    expect(jobs[0]).toMatchObject({ job_id: accepted.job_id, status: 'completed' });
  });

  it('is told the same while no agent runs', async () => {
    await agent?.[Symbol.asyncDispose]();
    agent = undefined;
    expect(PackageList.parse(await told('packages', '--name', 'toyhello')).packages).toMatchObject([
      { version: '1.1-1' },
    ]);
    expect(Plan.parse(await told('plan')).steps.map((one) => one.name)).not.toContain('toyhello');
    const { jobs, total } = JobList.parse(await told('jobs'));
    expect(total).toBe(1);
    // As an agent leaves it that is killed at the job.
    const id = jobs[0]?.job_id ?? '';
    const file = join(host.root, `var/lib/linux_patch_api/jobs/${id}.json`);
    const record = await readFile(file, 'utf8');
    const stored = JSON.parse(record) as { job: object };
    const running = { ...stored.job, status: 'running', state: 'running', completed_at: null };
    await writeFile(file, JSON.stringify({ ...stored, job: running }));
    for (const args of [['jobs'], ['job', id]]) {
      const { stdout, stderr } = await host.run(...args);
      expect([stdout, stderr]).toEqual([
        expect.stringContaining('running'),
        expect.stringContaining('No agent runs on this host, so nobody writes down'),
      ]);
    }
    expect((await host.run('job', id)).exitCode).toBe(3);
    await writeFile(file, record);
    expect((await host.run('job', id)).stderr).toBe('');
  });

  it('is told what is wrong with a question, and never less than there is', async () => {
    const runs = await Promise.all(
      [
        ['job', '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11'],
        ['job', 'newest'],
        ['plan', 'no such'],
        ['plan', 'nosuchpackage'],
        ['packages', '--name', ''],
      ].map((args) => host.run(...args)),
    );
    expect(runs.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual(runs.map(() => [1, '']));
    expect(runs.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining('"linux-patch-api jobs" shows those that it has'),
      expect.stringContaining('A job id is a UUID.'),
      expect.stringContaining('a package name starts with'),
      expect.stringContaining('Nothing named nosuchpackage is installed on this host'),
      expect.stringContaining('--name'),
    ]);
    const [newest] = JobList.parse(await told('jobs')).jobs;
    await writeFile(join(host.root, `var/lib/linux_patch_api/jobs/${newest?.job_id}.json`), '{');
    const jobs = await host.run('jobs');
    expect((await host.run('job', newest?.job_id ?? '')).stderr).toContain(
      'The record of this job cannot be read',
    );
    expect([jobs.exitCode, jobs.stderr]).toEqual([
      1,
      expect.stringContaining(`${newest?.job_id}.json cannot be read`),
    ]);
    await writeFile(join(host.root, 'var/lib/dpkg/status'), 'Package: \u0000\n');
    const broken = await host.run('packages');
    expect([broken.exitCode, broken.stdout]).toEqual([1, '']);
    expect(broken.stderr).toContain('dpkg');
  });
});
