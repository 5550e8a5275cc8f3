import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificates } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { agentPaths } from '../../src/config/paths.ts';
import { MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { startCurrentManager } from '../enrollment/current-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';
import { DAY_MS, issueSet, NAMES, NOW } from './identity-world.ts';
import { startRenewingManager } from './renewing-manager.ts';

/** How often a running agent looks at its files where the kernel does not tell. */
const LOOK_MS = 20_000;

const serves = (agent: RunningAgent, serial: string | undefined) => async () =>
  serial !== undefined && (await agent.servedSerial()) === serial;

async function serialOnDisk(host: AgentHost): Promise<string | undefined> {
  return parseCertificates(await host.read('etc/linux_patch_api/certs/server.pem'))[0]?.serialHex;
}

/** A host that serves, with a manager that renews. */
async function renewingHost(stack: AsyncDisposableStack, doors: { readonly files?: Files } = {}) {
  const authority = await testAuthority({ now: NOW });
  const manager = stack.use(await startRenewingManager(authority, NAMES));
  const enrollment = [`manager_url: ${manager.url}`];
  const host = stack.use(await createAgentHost({ nowMs: NOW, enrollment, doors }));
  manager.now = () => host.clock.now();
  await host.put('etc/linux_patch_api/whitelist.yaml', 'entries: [127.0.0.1]\n');
  const { ca, certificate, key, crl } = agentPaths(host.root);
  await installGeneration({
    files: systemFiles,
    paths: { ca, certificate, key, crl },
    material: await issueSet(authority, NOW),
    meta: { ...MANUAL_IDENTITY, trust: 'code', key_origin: 'host' },
  });
  const agent = host.start();
  stack.defer(async () => void (await agent.stop()));
  await agent.until(serves(agent, await serialOnDisk(host)));
  return { host, agent };
}

describe('a running agent serves a new certificate without waiting for its next look', () => {
  it('that --renew-certs beside it got', async () => {
    await using stack = new AsyncDisposableStack();
    const { host, agent } = await renewingHost(stack);
    const before = await serialOnDisk(host);
    host.clock.setWallClock(NOW + 300 * DAY_MS);
    // From here on no time passes for the agent.
    expect(await host.start('--renew-certs').exitCode).toBe(0);
    const serial = await serialOnDisk(host);
    expect(serial).not.toBe(before);
    await agent.settles(serves(agent, serial));
  });

  it('that --enroll beside it got', async () => {
    await using stack = new AsyncDisposableStack();
    const manager = stack.use(await startCurrentManager(NOW));
    const enrollment = [`manager_url: ${manager.url}`, 'ca_file: /nowhere'];
    const host = stack.use(await createAgentHost({ nowMs: NOW, enrollment }));
    const caFile = join(host.root, 'ca-of-the-manager.pem');
    await writeFile(caFile, manager.authority.root.certificatePem);
    const config = 'etc/linux_patch_api/config.yaml';
    await host.put(config, (await host.read(config)).replace('/nowhere', caFile));
    const agent = host.start();
    stack.defer(async () => void (await agent.stop()));
    await agent.until(async () => (await agent.servedSerial()) !== undefined);
    const before = await serialOnDisk(host);
    const command = host.start('--enroll', manager.url);
    await agent.until(async () => (await serialOnDisk(host)) !== before, 100);
    // From here on no time passes for the agent.
    await agent.settles(serves(agent, await serialOnDisk(host)));
    expect(await command.exitCode).toBe(0);
  });

  it('and at its next look where the kernel tells of nothing', async () => {
    await using stack = new AsyncDisposableStack();
    const watch: Files['watch'] = () => {
      throw Object.assign(new Error('EMFILE: too many open files, watch'), { code: 'EMFILE' });
    };
    const { host, agent } = await renewingHost(stack, { files: { ...systemFiles, watch } });
    host.clock.setWallClock(NOW + 300 * DAY_MS);
    expect(await host.start('--renew-certs').exitCode).toBe(0);
    await agent.pass(LOOK_MS);
    await agent.settles(serves(agent, await serialOnDisk(host)));
  });
});
