import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyId, parseCertificates, parseRequest } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CurrentManager, startCurrentManager } from '../enrollment/current-manager.ts';
import {
  type AgentHost,
  AMBER,
  BASALT,
  beHost,
  createAgentHost,
  type HostFacts,
} from './agent-in-process.ts';

const CERTIFICATE = 'etc/linux_patch_api/certs/server.pem';
const PENDING = { status: 200, body: { status: 'pending' } };

let manager: CurrentManager;
let host: AgentHost;

beforeEach(async () => {
  const now = Math.floor(Date.now() / 1000) * 1000;
  manager = await startCurrentManager(now);
  host = await createAgentHost({
    nowMs: now,
    enrollment: [`manager_url: ${manager.url}`, 'ca_file: /nowhere'],
  });
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  const config = await host.read('etc/linux_patch_api/config.yaml');
  await host.put('etc/linux_patch_api/config.yaml', config.replace('/nowhere', caFile));
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** Lets the agent of this host get an identity and serve; returns its serial number. */
async function joinAndStop(): Promise<string> {
  const agent = host.start();
  await agent.until(async () => (await agent.servedSerial()) !== undefined);
  const serial = (await agent.servedSerial()) ?? '';
  expect(await agent.stop()).toBe(0);
  return serial;
}

const keyIdOf = async (of: AgentHost): Promise<string> =>
  keyId(parseCertificates(await of.read(CERTIFICATE))[0]!.spki);

describe('a host with an identity', () => {
  it('serves it with another machine-id, network card and mainboard, one after the other: what was seen last counts', async () => {
    const serial = await joinAndStop();
    let facts = AMBER;
    const changes: Partial<HostFacts>[] = [
      { machineId: 'e'.repeat(32) },
      { card: '52:54:00:00:00:99' },
      { board: 'board-z' },
      { card: '52:54:00:00:00:98' },
    ];
    for (const change of changes) {
      facts = { ...facts, ...change };
      await beHost(host, facts);
      expect(await joinAndStop(), JSON.stringify(change)).toBe(serial);
    }
    expect(manager.registrations).toHaveLength(1);
  });

  it('serves it under another name', async () => {
    const serial = await joinAndStop();
    await host.put('etc/hostname', 'renamed.example.test\n');
    expect(await joinAndStop()).toBe(serial);
  });

  it('goes on serving while its clone enrols', async () => {
    const serial = await joinAndStop();
    await using clone = await host.clone();
    await beHost(clone, BASALT);
    const [first, second] = [host.start(), clone.start()];
    await second.until(async () => (await second.servedSerial()) !== undefined);
    expect(await first.servedSerial()).toBe(serial);
    await Promise.all([first.stop(), second.stop()]);
  });
});

describe('a host on which the folders of another one lie', () => {
  it('serves nothing of them, makes a key of its own, and says whose clone it is', async () => {
    const serial = await joinAndStop();
    const original = await keyIdOf(host);
    await using clone = await host.clone();
    await beHost(clone, { ...BASALT, machineId: AMBER.machineId });
    manager.before = [PENDING, PENDING, PENDING];
    const agent = clone.start();
    await agent.settles(() => manager.registrations.length === 2);
    expect(await agent.servedSerial()).toBeUndefined();
    const { ext } = manager.registrations[1]!;
    expect(ext?.clone_of).toBe(original);
    expect((await parseRequest(ext?.csr ?? '')).keyId).not.toBe(original);
    expect(agent.said()).toContain(`clone of key id ${original}`);
    await agent.until(async () => (await agent.servedSerial()) !== undefined);
    expect(await agent.servedSerial()).not.toBe(serial);
    expect(await agent.stop()).toBe(0);
    // All of it is on the disk by then.
    expect(await clone.read('var/log/linux_patch_api/audit.log')).toContain('identity_of_other_host');
    const again = clone.start();
    await again.settles(async () => (await again.servedSerial()) !== undefined);
    expect(manager.registrations).toHaveLength(2);
    await again.stop();
  });

  it('makes a request of its own when only the request of the other one was copied', async () => {
    manager.before = Array.from({ length: 1_000 }, () => PENDING);
    const waiting = host.start();
    await waiting.until(() => manager.verdicts.length > 0);
    expect(await waiting.stop()).toBe(2);
    await using clone = await host.clone();
    await beHost(clone, { ...BASALT, machineId: AMBER.machineId });
    const agent = clone.start();
    await agent.settles(() => manager.registrations.length === 2);
    const [first, second] = await Promise.all(
      manager.registrations.map((one) => parseRequest(one.ext?.csr ?? '')),
    );
    expect(second?.keyId).not.toBe(first?.keyId);
    expect(await agent.stop()).toBe(2);
  });

  it('and no manager to ask says what is wrong and ends cleanly', async () => {
    await joinAndStop();
    await using clone = await host.clone();
    await beHost(clone, BASALT);
    await clone.put('etc/linux_patch_api/config.yaml', 'server: { bind: 127.0.0.1, port: 0 }\n');
    const agent = clone.start();
    expect(await agent.exitCode).toBe(0);
    expect(agent.said()).toContain('clone of key id');
    expect(agent.said()).toContain('enrollment.manager_url');
  });

  it('keeps files that an administrator copied by hand: they belong to whoever has them', async () => {
    await joinAndStop();
    await using clone = await host.clone();
    await beHost(clone, BASALT);
    const certs = 'etc/linux_patch_api/certs';
    const texts = await Promise.all(
      ['ca.pem', 'server.pem', 'server.key.pem'].map(
        async (name) => [name, await clone.read(join(certs, name))] as const,
      ),
    );
    await rm(join(clone.root, certs), { recursive: true });
    for (const [name, text] of texts) await clone.put(join(certs, name), text);
    const agent = clone.start();
    await agent.settles(async () => (await agent.servedSerial()) !== undefined);
    await agent.stop();
    expect(manager.registrations).toHaveLength(1);
  });
});
