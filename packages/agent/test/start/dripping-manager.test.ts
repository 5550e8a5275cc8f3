import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENROLL_PATHS } from '@linux-patch/contract';
import type { ManualClock } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CurrentManager, type OddAnswer, startCurrentManager } from '../enrollment/current-manager.ts';
import { TOKEN } from '../enrollment/older-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 86_400_000;
const STRIDE_MS = 600_000;
const CONFIG = 'etc/linux_patch_api/config.yaml';
const CERTS = 'etc/linux_patch_api/certs';
/** In each second of the agent's clock at least so many drops come. */
const DROPS = 2;

let manager: CurrentManager;
let host: AgentHost;

/** Limits of the platform that have not begun; they count by the clock of the test, from the first drop on. */
const limits: { readonly ms: number; readonly expire: () => void }[] = [];

function beginLimits(clock: ManualClock): void {
  for (const { ms, expire } of limits.splice(0)) void clock.sleep(ms).then(expire);
}

beforeEach(async () => {
  limits.length = 0;
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const limit = new AbortController();
    const expire = (): void => limit.abort(new DOMException('The limit is over.', 'TimeoutError'));
    limits.push({ ms, expire });
    return limit.signal;
  });
  manager = await startCurrentManager(NOW);
  host = await createAgentHost({ nowMs: NOW, enrollment: [`manager_url: ${manager.url}`] });
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  await host.put(CONFIG, `${await host.read(CONFIG)}  ca_file: ${caFile}\n`);
  manager.dateMs = () => host.clock.now();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** From now on what is answered at this path comes drop by drop and has no end. */
function dripAt(path: string, text: string): void {
  const answer: OddAnswer = { status: 200, text, stuck: 'dripping' };
  manager.odd = (asked) => (asked === path ? answer : undefined);
}

/** Lets time pass second by second while the answer goes on dripping. */
async function letItDrip(agent: RunningAgent, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    const before = manager.drops;
    await agent.settles(() => manager.drops >= before + DROPS);
    await host.clock.advance(1_000);
  }
}

/** The answer drips for the whole limit and not longer. */
async function givesUpAfter(agent: RunningAgent, seconds: number): Promise<void> {
  beginLimits(host.clock);
  await letItDrip(agent, seconds - 1);
  expect(agent.said()).not.toContain('did not answer within');
  expect(manager.dripping).toBe(1);
  await host.clock.advance(1_000);
  await agent.settles(() => agent.said().includes(`did not answer within ${seconds} s`));
  await agent.settles(() => manager.dripping === 0);
}

const isServed = (agent: RunningAgent) => async (): Promise<boolean> =>
  (await agent.servedSerial()) !== undefined;

async function identityDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['ca.pem', 'server.pem', 'server.key.pem'])
    hash.update(await host.read(`${CERTS}/${name}`));
  return hash.digest('hex');
}

describe('a manager whose answers drip without an end', () => {
  it('is given up after the 30 s of a registration, and asked again', async () => {
    dripAt(ENROLL_PATHS.enroll, '{"polling_token":"x"}');
    const agent = host.start();
    await agent.settles(() => manager.dripping > 0);
    await givesUpAfter(agent, 30);
    expect(manager.registrations).toEqual([]);
    manager.odd = undefined;
    await agent.until(isServed(agent));
    expect(manager.registrations).toHaveLength(1);
    expect(await agent.stop()).toBe(0);
  });

  it('is given up after the 60 s of a poll that it may hold, and asked again with the same token', async () => {
    dripAt(ENROLL_PATHS.statusSelf, '{"status":"approved"}');
    const agent = host.start();
    await agent.until(() => manager.dripping > 0);
    await givesUpAfter(agent, 60);
    expect(await host.read('var/lib/linux_patch_api/enrollment.json')).toContain(TOKEN);
    manager.odd = undefined;
    await agent.until(isServed(agent));
    expect(manager.registrations).toHaveLength(1);
    expect(new Set(manager.verdicts)).toEqual(new Set(['ok']));
    expect(await agent.stop()).toBe(0);
  });

  it('is given up after the 30 s of a renewal, which costs nothing, and asked again', async () => {
    const first = host.start();
    await first.until(isServed(first));
    const serial = await first.servedSerial();
    await first.stop();
    const digest = await identityDigest();
    dripAt(ENROLL_PATHS.renew, '{"server_crt":"x"}');
    // So little is left that it is tried every hour.
    host.clock.setWallClock(NOW + 340 * DAY_MS);
    const agent = host.start();
    await agent.settles(isServed(agent));
    await agent.until(() => manager.dripping > 0, STRIDE_MS);
    await givesUpAfter(agent, 30);
    await agent.settles(() => agent.said().includes('could not be renewed; it is tried again'));
    expect(await agent.servedSerial()).toBe(serial);
    expect(await identityDigest()).toBe(digest);
    await agent.until(() => manager.dripping > 0, STRIDE_MS);
    expect(await agent.servedSerial()).toBe(serial);
    expect(await agent.stop()).toBe(0);
    expect(await identityDigest()).toBe(digest);
  });
});
