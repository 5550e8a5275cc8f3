import { join } from 'node:path';
import type { FleetInventory, HostChanges, HostPackages, PackageHolders } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import {
  type AgentProcess,
  createLabHost,
  type LabHost,
  type ManagerProcess,
  startManagerProcess,
} from '../src/index.ts';
import { askUntil } from '../src/wait.ts';
import { waitingHost } from '../src/waiting-host.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: ToyRepository;
let manager: ManagerProcess;
let host: LabHost;
let agent: AgentProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  manager = await startManagerProcess(join(folder.path, 'manager'), {
    // Every three seconds.
    configuration: ['fleet: { inventory_minutes: 0.05 }'],
  });
  host = await createLabHost({
    root: join(folder.path, 'host'),
    name: 'listed.lab.test',
    address: '127.0.0.43',
    repository,
    packages: ['toyhello', 'toylib', 'toyapp'],
    enrollment: [
      `manager_url: ${manager.url}`,
      'report_ip: 127.0.0.43',
      `ca_fingerprint: "${manager.caFingerprint}"`,
    ],
  });
  agent = host.start();
  const { request_id: id } = await waitingHost(host);
  await manager.json('enrollments', 'approve', id, '--no-code');
  await agent.listening;
  await repository.publishUpdates();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function known() {
  const { hosts } = (await manager.json('hosts', 'inventory')) as FleetInventory;
  return hosts[0];
}
/** Waits until the manager says that the host is this. */
const untilKnown = (state: string) =>
  askUntil(`the host to be ${state}`, async () => {
    const { hosts } = (await manager.ask('/inventory')) as FleetInventory;
    return hosts[0]?.state === state ? true : undefined;
  });
async function versions(): Promise<Record<string, string>> {
  const { packages } = (await manager.json('hosts', 'packages', host.name)) as HostPackages;
  return Object.fromEntries(packages.map((one) => [one.name, one.version]));
}

async function shown(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await manager.show((line) => lines.push(line), ...args);
  return lines.join('\n');
}

describe('the manager knows what a real host has', () => {
  it('without being asked to ask, and which of the updates mend security faults', async () => {
    await manager.json('patches', host.name, '--refresh');
    await untilKnown('behind');
    expect(await known()).toMatchObject({ packages: 3, security_updates: 1, reason: null });
    const { packages } = (await manager.json(
      'hosts',
      'packages',
      host.name,
      '--name',
      'toylib',
    )) as HostPackages;
    expect(packages).toMatchObject([
      { name: 'toylib', version: '1.0-1', candidate: '1.0-1+deb12u1', security: true, source_name: 'toylib' },
    ]);
  });

  it('and answers questions about the whole fleet without asking it', async () => {
    const updates = await shown('updates');
    expect(updates).toMatch(/^PACKAGE .*\ntoylib +1\.0-1\+deb12u1 +\S+ +security +1 /);
    expect(updates).toContain('1 hosts: 0 current, 1 behind (1 for security), 0 unknown');
    expect(await shown('updates', 'toylib')).toMatch(
      /listed\.lab\.test +1\.0-1 +1\.0-1\+deb12u1 +security .* ago +behind/,
    );
    const below = (await manager.json(
      'hosts',
      'with',
      'toylib',
      '--below',
      '1.0-1+deb12u1',
    )) as PackageHolders;
    expect(below.hosts).toMatchObject([{ fqdn: host.name, version: '1.0-1' }]);
    expect(await shown('hosts', 'with', 'toylib', '--below', '1.0-1')).toContain(
      'No host that was listed had toylib below 1.0-1.',
    );
    expect(await shown('hosts', 'without', 'toylib', '--at-least', '1.0-1+deb12u1')).toMatch(
      /listed\.lab\.test +1\.0-1 .*ago +behind/,
    );
    expect(await shown('hosts', 'without', 'toylib')).toContain('No host that was listed lacked toylib.');
    expect(await shown('hosts', 'versions', 'toyl*')).toMatch(/\ntoylib +1\.0-1 +\S+ +1\n/);
  });

  it('after a patch at once, and that nothing waits any more', async () => {
    expect(await manager.show(() => {}, 'patch', host.name, '--all', '--wait')).toBe(0);
    await untilKnown('current');
    expect(await versions()).toMatchObject({ toyhello: '1.1-1', toylib: '1.0-1+deb12u1' });
    const { changes } = (await manager.json('hosts', 'changes', host.name)) as HostChanges;
    expect(changes.every(({ job_id }) => job_id !== null)).toBe(true);
    expect(changes.flatMap(({ packages }) => packages)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'toylib', before: '1.0-1', after: '1.0-1+deb12u1' }),
      ]),
    );
    expect(await shown('hosts', 'changes', host.name)).toMatch(
      /ago +job [0-9a-f-]{36} +toylib +1\.0-1 +1\.0-1\+deb12u1/,
    );
  });

  it('and says with its age that it is unknown when the host is gone', async () => {
    await agent[Symbol.asyncDispose]();
    await untilKnown('unknown');
    const text = await shown('hosts', 'inventory');
    expect(text).toMatch(/listed\.lab\.test +UNKNOWN .*cannot be reached/);
    expect(text).toContain('1 hosts: 0 current, 0 behind (0 for security), 1 unknown');
  });
});
