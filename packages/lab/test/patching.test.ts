import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchList, Plan } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProcess, LabHost, ManagerProcess } from '../src/index.ts';
import { type Lab, openLab, startApproved } from './open-lab.ts';

let lab: Lab;
let manager: ManagerProcess;
let host: LabHost;
let agent: AgentProcess;

beforeAll(async () => {
  lab = await openLab();
  ({ manager } = lab);
  host = await lab.host({
    name: 'patch.lab.test',
    address: '127.0.0.41',
    packages: ['toyhello', 'toylib', 'toyapp'],
    enrollment: [`ca_fingerprint: "${manager.caFingerprint}"`],
  });
  agent = await startApproved(lab, host);
  await lab.repository.publishUpdates();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

interface Versions {
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

async function versions(): Promise<Record<string, string>> {
  const { packages } = (await manager.ask(`/hosts/${host.name}/packages`)) as Versions;
  return Object.fromEntries(packages.map((one) => [one.name, one.version]));
}

describe('an administrator patches a real host through the manager', () => {
  it('sees installed packages and pending updates with their origin', async () => {
    const { packages } = (await manager.json('packages', host.name)) as Versions;
    expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'toyapp 1.0-1',
      'toyhello 1.0-1',
      'toylib 1.0-1',
    ]);
    const { patches, security_updates, lists } = PatchList.parse(
      await manager.json('patches', host.name, '--refresh'),
    );
    expect(lists).toMatchObject({
      status: 'fresh',
      message: 'ok',
      sources: [{ present: true }, { present: true }],
    });
    expect(security_updates).toBe(1);
    expect(patches.find((one) => one.security)).toMatchObject({
      name: 'toylib',
      available_version: '1.0-1+deb12u1',
    });
  });

  it('reads how old what the listing stands on is', async () => {
    const lines: string[] = [];
    await manager.show((line) => lines.push(line), 'patches', host.name);
    const text = lines.join('\n');
    expect(text).toMatch(/^3 pending, 1 for security\.$/m);
    expect(text).toMatch(/^Package lists checked \d+ s ago\.$/m);
    expect(text).toMatch(
      /^Sources: Debian:stable \(lists from .* ago, published .* ago\), Debian-Security:stable-security/m,
    );
  });

  it('applies only security updates when asked for those, and watches the job to its end', async () => {
    const lines: string[] = [];
    expect(await manager.show((line) => lines.push(line), 'patch', host.name, '--security', '--wait')).toBe(
      0,
    );
    expect(lines.join('\n')).toContain('1.0-1+deb12u1');
    expect(await versions()).toEqual({ toyapp: '1.0-1', toyhello: '1.0-1', toylib: '1.0-1+deb12u1' });
  });

  it('refuses to patch when no target is said', async () => {
    const exitCode = await manager.show(() => {}, 'patch', host.name, '--wait');
    expect(exitCode).not.toBe(0);
    expect((await versions()).toyhello).toBe('1.0-1');
  });

  it('applies one named package', async () => {
    expect(await manager.show(() => {}, 'patch', host.name, 'toyhello', '--wait')).toBe(0);
    expect(await versions()).toMatchObject({ toyhello: '1.1-1', toyapp: '1.0-1' });
  });

  it('reads what stays out and why; a package that was named and stays is no success', async () => {
    await host.apt.run('apt-mark', ['hold', 'toyapp']);
    const lines: string[] = [];
    const show = (...args: string[]) => manager.show((line) => lines.push(line), ...args);
    expect(await show('patch', host.name, '--all', '--wait')).toBe(0);
    expect(lines.join('\n')).toContain('Left out: toyapp 1.2-1 (held on this host');
    expect(await show('patch', host.name, 'toyapp', '--wait')).not.toBe(0);
    await host.apt.run('apt-mark', ['unhold', 'toyapp']);
    expect(await versions()).toMatchObject({ toyapp: '1.0-1' });
  });

  it('applies an update by name that was published a moment ago, and that no list knows yet', async () => {
    await lab.repository.publishUpdates([{ name: 'toyhello', version: '1.2-1' }]);
    const { patches } = PatchList.parse(await manager.json('patches', host.name));
    expect(patches.map((one) => one.name)).not.toContain('toyhello');
    expect(await manager.show(() => {}, 'patch', host.name, 'toyhello', '--wait')).toBe(0);
    expect(await versions()).toMatchObject({ toyhello: '1.2-1' });
  });

  it('applies nothing while a source fails when every source is required, and what the others offer when not', async () => {
    const broken = join(host.root, 'etc/apt/sources.list.d/broken.list');
    await lab.repository.publishUpdates([{ name: 'toyhello', version: '1.3-1' }]);
    await writeFile(broken, `deb [trusted=yes] file:${join(lab.folder, 'nowhere')} ./\n`);
    const lines: string[] = [];
    const show = (...args: string[]) =>
      manager.show((line) => lines.push(line), 'patch', host.name, 'toyhello', '--wait', ...args);
    expect(await show('--require-all-sources')).toBe(1);
    expect(lines.join('\n')).toContain('nowhere');
    expect(await versions()).toMatchObject({ toyhello: '1.2-1' });
    expect(await show()).toBe(0);
    expect(await versions()).toMatchObject({ toyhello: '1.3-1' });
    await rm(broken);
  });

  it('approves a plan, and nothing is changed when the source publishes something else meanwhile', async () => {
    const before = await versions();
    const target = ['patch', host.name, 'toyapp', '--dry-run'] as const;
    const lines: string[] = [];
    expect(await manager.show((line) => lines.push(line), ...target)).toBe(0);
    const text = lines.join('\n');
    expect(text).toMatch(/^toyapp +1\.0-1 +1\.2-1 +upgrade +no$/m);
    expect(text).toMatch(/^1 step, 0 new, 0 removed; [\d.]+ k?B to download/m);
    const [, hash = ''] = /^Plan ([0-9a-f]{64})$/m.exec(text) ?? [];
    expect(Plan.parse(await manager.json(...target)).plan_hash).toBe(hash);
    await lab.repository.publishUpdates([{ name: 'toyapp', version: '1.3-1', depends: 'toylib' }]);
    const outdated: string[] = [];
    const approved = (plan: string, to: string[]) =>
      manager.show((line) => to.push(line), 'patch', host.name, 'toyapp', '--plan', plan, '--wait');
    expect(await approved(hash, outdated)).toBe(1);
    expect(outdated.join('\n')).toContain('(PLAN_CHANGED)');
    expect(outdated.join('\n')).toMatch(/^was +toyapp +1\.0-1 +1\.2-1 .*\nnow +toyapp +1\.0-1 +1\.3-1 /m);
    expect(await versions()).toEqual(before);
    const now = Plan.parse(await manager.json(...target));
    expect(await approved(now.plan_hash, [])).toBe(0);
    expect(await versions()).toEqual({ ...before, toyapp: '1.3-1' });
  });

  it('keeps the finished jobs over a restart of the agent', async () => {
    const before = (await manager.json('jobs', host.name)) as { jobs: { job_id: string; status: string }[] };
    expect(before.jobs.length).toBeGreaterThanOrEqual(2);
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(0);
    agent = host.start();
    await agent.listening;
    expect(await manager.json('jobs', host.name)).toEqual(before);
  });

  it('says of a job who asked this manager for it', async () => {
    const { jobs } = (await manager.json('jobs', host.name)) as { jobs: { job_id: string }[] };
    const shown: string[] = [];
    await manager.show((line) => shown.push(line), 'jobs', host.name, jobs[0]?.job_id ?? '');
    expect(shown.join('\n')).toMatch(/^Asked for by +local$/m);
  });

  it('says that the host cannot be reached while its agent is down', async () => {
    agent.signal('SIGTERM');
    await agent.exited;
    await expect(manager.json('patches', host.name)).rejects.toThrow(/ended with 6/);
    agent = host.start();
    await agent.listening;
  });
});
