import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FleetJobs, type JobList, Plan, ServiceList } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProcess, LabHost, ManagerProcess } from '../src/index.ts';
import { askUntil } from '../src/wait.ts';
import { type Lab, openLab, startApproved } from './open-lab.ts';

let lab: Lab;
let manager: ManagerProcess;
let one: LabHost;
let two: LabHost;
const agents: AgentProcess[] = [];

async function joined(name: string, address: string): Promise<LabHost> {
  const host = await lab.host({
    name,
    address,
    packages: ['toyhello', 'toylib', 'toyapp'],
    enrollment: [`ca_fingerprint: "${manager.caFingerprint}"`],
  });
  agents.push(await startApproved(lab, host));
  return host;
}

beforeAll(async () => {
  lab = await openLab();
  ({ manager } = lab);
  one = await joined('acts1.lab.test', '127.0.0.61');
  two = await joined('acts2.lab.test', '127.0.0.62');
  await lab.repository.publishUpdates();
});
afterAll(async () => {
  for (const agent of agents) await agent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** Exit code and what was printed. */
async function run(...args: string[]): Promise<readonly [code: number | null, text: string]> {
  const lines: string[] = [];
  const code = await manager.show((line) => lines.push(line), ...args);
  return [code, lines.join('\n')];
}

async function versions(host: LabHost): Promise<Record<string, string>> {
  const { packages } = (await manager.json('packages', host.name)) as {
    packages: { name: string; version: string }[];
  };
  return Object.fromEntries(packages.map(({ name, version }) => [name, version]));
}

describe('an administrator does something on several hosts', () => {
  it('by names, by a pattern and on all, and reads one table', async () => {
    const [held, table] = await run('hold', 'acts1,acts2.lab.test', 'toyhello', '--wait');
    expect([held, table]).toEqual([
      0,
      expect.stringMatching(/^acts1\.lab\.test +done +1 held +[0-9a-f-]{36}$/m),
    ]);
    expect(table).toContain('2 hosts: 2 done.');
    const { hosts } = (await manager.json('patch', 'acts*.lab.test', '--all', '--wait')) as {
      hosts: Record<string, unknown>[];
    };
    expect(hosts).toMatchObject([
      { host: one.name, result: 'done', changed: { upgraded: 2 }, error_code: null },
      { host: two.name, result: 'done', changed: { upgraded: 2 }, error_code: null },
    ]);
    expect(await versions(two)).toMatchObject({ toyhello: '1.0-1', toyapp: '1.2-1' });
    expect((await run('unhold', '@all', 'toyhello', '--wait'))[0]).toBe(0);
  });

  it('and plans it before, which changes nothing', async () => {
    const [code, table] = await run('patch', '@all', '--all', '--dry-run');
    expect([code, table]).toEqual([
      0,
      expect.stringMatching(/^acts2\.lab\.test +done +1 steps, 0 new, 0 removed/m),
    ]);
    expect(await versions(one)).toMatchObject({ toyhello: '1.0-1' });
  });

  it('and leaves it to the manager, which asks them in turn', async () => {
    const [code, text] = await run('acts', 'start', '@all', '--security');
    expect([code, text]).toEqual([0, expect.stringMatching(/^Hosts +2: .*\nFound by +@all$/m)]);
    const [, id = ''] = /^Act +(\S+)$/m.exec(text) ?? [];
    const shown = await askUntil('the act to be over on both', async () => {
      const [, said] = await run('acts', 'show', id);
      return /^Hosts +2: 2 done$/m.test(said) ? said : undefined;
    });
    expect(shown).toMatch(/^What +security updates$/m);
    expect((await run('acts', 'stop', id))[1]).toContain('Every host was asked already');
    const { jobs } = (await manager.json('jobs', '--act', id)) as FleetJobs;
    const ended = { operation: 'patch_apply', state: 'ended' };
    expect(Object.fromEntries(jobs.map(({ fqdn, ...job }) => [fqdn, job]))).toMatchObject({
      [one.name]: ended,
      [two.name]: ended,
    });
    expect(jobs).toHaveLength(2);
    expect((await run('acts', 'start', '@all,nobody9'))[0]).toBe(3);
    expect((await run('acts', 'show', '0b5f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11'))[0]).toBe(3);
  });

  it('and hears what a reboot would mean on them before the first is asked', async () => {
    const options = ['--all', '--exclude', '*', '--reboot', '--reboot-delay', '10m', '--wait'];
    const [code, text] = await run('patch', 'acts1,@all', ...options);
    expect([code, text]).toEqual([
      0,
      expect.stringMatching(
        /^2 hosts \(acts1\.lab\.test, acts2\.lab\.test\): each .* reboots 10 min after the job, .*"shutdown -c".*\n1\/2 /,
      ),
    ]);
  });

  it('asks them for news of their sources', async () => {
    const [code, table] = await run('refresh', '@all');
    expect([code, table]).toEqual([0, expect.stringContaining('2 hosts: 2 done.')]);
  });

  it('and nothing is done when a part of what was said means no host', async () => {
    const before = (await manager.json('jobs')) as FleetJobs;
    for (const hosts of ['acts1,acts9', 'db*', '@nobody', 'acts1,'])
      expect((await run('hold', hosts, 'toyhello'))[0], hosts).not.toBe(0);
    expect(((await manager.json('jobs')) as FleetJobs).total).toBe(before.total);
  });
});

describe('an administrator names packages', () => {
  it('and takes a job back, as it was planned', async () => {
    const before = await versions(two);
    const text = (await run('install', two.name, 'toyconf=1.0-1'))[1];
    const [, job = ''] = /^Job (\S+) is queued/.exec(text) ?? [];
    const shown = await askUntil(`job ${job} to end`, async () => {
      const [code, said] = await run('rollback', two.name, job, '--dry-run', '--no-refresh');
      return said.includes('has not ended') ? undefined : ([code, said] as const);
    });
    expect(shown).toEqual([0, expect.stringMatching(/^toyconf +1\.0-1 +- +remove/m)]);
    const plan = Plan.parse(await manager.json('rollback', two.name, job, '--dry-run'));
    expect(plan.removed_packages).toEqual(['toyconf']);
    const [code, done] = await run('rollback', two.name, job, '--plan', plan.plan_hash, '--wait');
    expect([code, done]).toEqual([0, expect.stringContaining('toyconf 1.0-1 removed')]);
    expect(await versions(two)).toEqual(before);
    // It is only one host's.
    expect(await run('rollback', one.name, job)).toEqual([3, expect.stringContaining('no record')]);
    expect((await run('rollback', '@all', job))[0]).not.toBe(0);
  });

  it('and installs exactly what was planned', async () => {
    const plan = Plan.parse(await manager.json('install', one.name, 'toyconf=1.0-1', '--dry-run'));
    expect(plan.new_packages).toEqual(['toyconf']);
    const args = ['install', one.name, 'toyconf=1.0-1', '--plan', plan.plan_hash, '--wait'];
    expect((await run(...args))[0]).toBe(0);
    expect(await versions(one)).toMatchObject({ toyconf: '1.0-1' });
    const other = 'ab'.repeat(32);
    const [code, text] = await run('install', '@all', 'toyconf', '--plan', other, '--wait');
    expect([code, text]).toEqual([1, expect.stringMatching(/^acts2\.lab\.test +failed +PLAN_CHANGED: /m)]);
  });

  it('and nothing goes that was not named, unless that is allowed', async () => {
    const [refused, words] = await run('remove', one.name, 'toylib', '--wait');
    expect([refused, words]).toEqual([1, expect.stringContaining('DEPENDENCY_CONFLICT')]);
    expect(await versions(one)).toHaveProperty('toyapp');
    expect((await run('remove', one.name, 'toylib', '--allow-removals', '--wait'))[0]).toBe(0);
    expect(await versions(one)).not.toHaveProperty('toyapp');
  });

  it('and reads which host denies it by its policy, with the rule', async () => {
    const folder = join(two.root, 'etc/linux_patch_api');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'policy.yaml'), 'allowed_operations: [update]\n', { mode: 0o644 });
    const [code, text] = await run('install', '@all', 'toyconf', '--wait');
    expect([code, text]).toEqual([1, expect.stringMatching(/^acts1\.lab\.test +done /m)]);
    expect(text).toMatch(/^acts2\.lab\.test +failed +POLICY_DENIED: .*only update/m);
    const { jobs } = (await manager.json('jobs', '--state', 'not_begun')) as FleetJobs;
    expect(jobs[0]).toMatchObject({
      fqdn: two.name,
      operation: 'install',
      result: { error_code: 'POLICY_DENIED' },
    });
    await writeFile(join(folder, 'policy.yaml'), '', { mode: 0o644 });
  });
});

describe('an administrator restarts a service', () => {
  const policy = async (text: string) => {
    const folder = join(two.root, 'etc/linux_patch_api');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'policy.yaml'), text, { mode: 0o644 });
  };

  it('only where the policy of the host allows it, which none does by itself', async () => {
    await policy('allowed_operations: [update, restart-service]\n');
    const [code, text] = await run('restart-service', '@all', 'cron', '--wait');
    expect([code, text]).toEqual([1, expect.stringMatching(/^acts1\.lab\.test +failed +POLICY_DENIED: /m)]);
    // What is below a private root has no services of its own, and those of this machine are left alone.
    expect(text).toMatch(/^acts2\.lab\.test +failed +NOT_SUPPORTED: /m);
    const { jobs } = (await manager.json('jobs', two.name)) as JobList;
    expect(jobs[0]).toMatchObject({ operation: 'restart_service', service: 'cron.service', packages: [] });
  });

  it('and never one that cuts others off, or what is no name of a service', async () => {
    const [code, text] = await run('restart-service', '@all', 'dbus.service', '--wait');
    expect([code, text]).toEqual([
      1,
      expect.stringMatching(/^acts2\.lab\.test +failed +SERVICE_RESTART_REFUSED: .*cut off/m),
    ]);
    for (const name of ['*', '--all', 'ssh.socket/..', 'a b'])
      expect((await run('restart-service', two.name, '--wait', '--', name))[0], name).not.toBe(0);
    await policy('');
  });

  it('and reboots no machine whose agent manages a private root', async () => {
    for (const command of [['reboot', '--delay', '0'], ['cancel-reboot']]) {
      const [code, text] = await run(...command, '@all', '--wait');
      expect([code, text]).toEqual([1, expect.stringMatching(/^acts1\.lab\.test +failed +NOT_SUPPORTED: /m)]);
    }
  });

  it('and sees what runs old code', async () => {
    const list = ServiceList.parse(await manager.json('services', one.name, '--outdated'));
    expect(list.services).toEqual([]);
    expect((await run('services', one.name))[0]).toBe(0);
    expect((await run('services', one.name, 'cron'))[0]).toBe(1);
  });
});

it('a manager that is killed as it asks sees to it after its start, and the host does it once', async () => {
  const read = async () => (await manager.json('jobs')) as FleetJobs;
  const before = (await read()).total;
  const asked = manager.json('install', one.name, 'toyslow').catch((error: unknown) => error);
  await askUntil('the request to be on record', async () =>
    (await read()).total > before ? true : undefined,
  );
  await manager.kill();
  await asked;
  await manager.start();
  await mkdir(join(one.root, 'tmp'), { recursive: true });
  await writeFile(join(one.root, 'tmp/toyslow-go'), '');
  await expect.poll(async () => (await read()).jobs[0], { interval: 500 }).toMatchObject({ state: 'ended' });
  expect((await read()).jobs[0]).toMatchObject({
    operation: 'install',
    result: { status: 'completed', changed: { installed: 1 } },
  });
  const { jobs } = (await manager.json('jobs', one.name)) as JobList;
  expect(jobs.filter(({ packages }) => packages.includes('toyslow'))).toHaveLength(1);
});

it('hosts that are not reached are told apart from those that fail', async () => {
  await agents[1]?.[Symbol.asyncDispose]();
  const [some, text] = await run('unhold', '@all', 'toyhello', '--wait');
  expect([some, text]).toEqual([
    1,
    expect.stringMatching(/^acts2\.lab\.test +not reached +AGENT_UNREACHABLE: /m),
  ]);
  await agents[0]?.[Symbol.asyncDispose]();
  expect((await run('hold', '@all', 'toyhello', '--wait'))[0]).toBe(6);
});
