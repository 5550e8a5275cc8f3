import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentProfile, generateKey, issueCertificate, publicKeySpki, serialFrom } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemRandom } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { startCurrentManager } from '../enrollment/current-manager.ts';
import { createAgentHost } from './agent-in-process.ts';
import { startRenewingManager } from './renewing-manager.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 86_400_000;
const NAMES = { fqdn: 'amber.example.test', ipAddress: '127.0.0.1' };
const CONFIG = 'etc/linux_patch_api/config.yaml';
const PENDING = { status: 200, body: { status: 'pending' } };

/** A host that enrols with a manager whose CA it was given. */
async function joiningHost() {
  await using stack = new AsyncDisposableStack();
  const manager = stack.use(await startCurrentManager(NOW));
  const host = stack.use(
    await createAgentHost({ nowMs: NOW, enrollment: [`manager_url: ${manager.url}`, 'ca_file: /nowhere'] }),
  );
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  await host.put(CONFIG, (await host.read(CONFIG)).replace('/nowhere', caFile));
  const owned = stack.move();
  return { manager, host, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('a second service on the same data folder', () => {
  it('ends with 1 and names the first, which goes on; after that one is gone it starts at once', async () => {
    await using world = await joiningHost();
    const first = world.host.start();
    await first.until(async () => (await first.servedSerial()) !== undefined);
    const second = world.host.start();
    expect(await second.exitCode).toBe(1);
    expect(second.said()).toContain(`process ${process.pid}, since `);
    expect(second.said()).toContain('systemctl stop linux-patch-api');
    expect(await first.servedSerial()).toBeDefined();
    expect(await first.stop()).toBe(0);
    const third = world.host.start();
    await third.until(async () => (await third.servedSerial()) !== undefined);
    expect(await third.stop()).toBe(0);
  });
});

describe('--enroll while the service enrols', () => {
  it('shows what the service waits for, ends with 0 when that is done, and makes no request of its own', async () => {
    await using world = await joiningHost();
    const { manager, host } = world;
    manager.before = Array.from({ length: 10_000 }, () => PENDING);
    const service = host.start();
    await service.until(() => manager.registrations.length === 1);
    const command = host.start('--enroll', manager.url);
    await command.until(() => command.said().includes('Waiting for approval'));
    manager.before = [];
    await service.until(async () => (await service.servedSerial()) !== undefined);
    await service.until(() => command.said().includes('Enrolled with'));
    expect(await command.exitCode).toBe(0);
    expect(command.said()).not.toContain('Listening on');
    expect(manager.registrations).toHaveLength(1);
    await service.stop();
  });
});

describe('a certificate that expired while the host was switched off', () => {
  async function hostWithExpired() {
    await using stack = new AsyncDisposableStack();
    const authority = await testAuthority({ now: NOW });
    const manager = stack.use(await startRenewingManager(authority, NAMES));
    const host = stack.use(
      await createAgentHost({ nowMs: NOW, enrollment: [`manager_url: ${manager.url}`] }),
    );
    const keyPem = await generateKey();
    const leaf = await issueCertificate({
      profile: agentProfile(NAMES),
      subjectSpki: publicKeySpki(keyPem),
      issuer: authority.issuing,
      serial: serialFrom(systemRandom.bytes(16)),
      now: NOW - 395 * DAY_MS,
      lifetimeMs: 365 * DAY_MS,
    });
    const certs = 'etc/linux_patch_api/certs';
    await host.put(`${certs}/ca.pem`, authority.root.certificatePem);
    await host.put(`${certs}/server.pem`, leaf + authority.issuing.certificatePem);
    await host.put(`${certs}/server.key.pem`, keyPem);
    await host.put('etc/linux_patch_api/whitelist.yaml', 'entries: [127.0.0.1]\n');
    const owned = stack.move();
    return { manager, host, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }
  it('is renewed at the start, without anybody', async () => {
    await using world = await hostWithExpired();
    const agent = world.host.start();
    // Without moving the clock: a host whose clock is right needs no waiting.
    await agent.settles(async () => (await agent.servedSerial()) !== undefined);
    expect(agent.said()).toContain('The expired certificate was renewed');
    expect(await agent.stop()).toBe(0);
    expect(world.manager.asked.filter((path) => path.endsWith('/renew'))).toHaveLength(1);
    expect(world.manager.asked).not.toContain('/api/v1/enroll');
  });

  it('waits for a manager that cannot be reached', async () => {
    await using world = await hostWithExpired();
    const { manager, host } = world;
    manager.refuse = { status: 503, body: {} };
    const agent = host.start();
    const renewals = (): number => manager.asked.filter((path) => path.endsWith('/renew')).length;
    await agent.within(20_000, () => renewals() >= 2);
    manager.refuse = undefined;
    await agent.within(60_000, async () => (await agent.servedSerial()) !== undefined);
    expect(manager.asked).not.toContain('/api/v1/enroll');
    expect(await agent.stop()).toBe(0);
  });

  it('leads to one request to join when the manager does not renew it', async () => {
    await using world = await hostWithExpired();
    const { manager, host } = world;
    manager.refuse = { status: 403, body: { error: { code: 'FORBIDDEN', message: 'too long ago' } } };
    const agent = host.start();
    await agent.until(() => manager.asked.includes('/api/v1/enroll'));
    expect(agent.said()).toContain('too long ago');
    expect(await agent.stop()).toBe(2);
  });
});
