import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Health } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CurrentManager, startCurrentManager } from '../enrollment/current-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const [HOUR, DAY] = [3_600_000, 86_400_000];
const TEN_YEARS = 3_652 * DAY;
const PENDING = { status: 200, body: { status: 'pending' } };

let manager: CurrentManager;
let host: AgentHost;

async function newHost(trust: readonly string[] = []): Promise<void> {
  host = await createAgentHost({ nowMs: NOW, enrollment: [`manager_url: ${manager.url}`, ...trust] });
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  const config = await host.read('etc/linux_patch_api/config.yaml');
  await host.put('etc/linux_patch_api/config.yaml', `${config}  ca_file: ${caFile}\n`);
}

beforeEach(async () => {
  manager = await startCurrentManager(NOW);
  await newHost();
  manager.dateMs = rightTime;
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** The right time, as far as this test's monotonic clock says. */
function rightTime(): number {
  return NOW + host.clock.monotonicMs();
}

const putRight = () => host.clock.setWallClock(rightTime());

async function joinAndStop(): Promise<string> {
  const agent = host.start();
  await agent.until(async () => (await agent.servedSerial()) !== undefined);
  const serial = (await agent.servedSerial()) ?? '';
  await agent.stop();
  return serial;
}

/** Digest of every file below the certificates, links as what they point at. */
async function identityFiles(): Promise<string[]> {
  const folder = join(host.root, 'etc/linux_patch_api/certs');
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Promise.all(
    files.sort().map(
      async (path) =>
        `${path} ${createHash('sha256')
          .update(await readFile(path))
          .digest('hex')}`,
    ),
  );
}

async function healthOf(agent: RunningAgent): Promise<Health> {
  const client = await manager.authority.issueManagerClient('patch-manager-client', { now: NOW - 2 * DAY });
  const port = Number(/Listening on 127\.0\.0\.1:(\d+)/.exec(agent.said())?.[1]);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(
    {
      host: '127.0.0.1',
      port,
      path: '/api/v1/health',
      cert: client.chainPem,
      key: client.privateKeyPem,
      rejectUnauthorized: false,
      agent: false,
    },
    (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => resolve(text));
    },
  )
    .on('error', reject)
    .end();
  return (JSON.parse(await promise) as { data: Health }).data;
}

describe('an agent whose certificates are good and whose clock is not', () => {
  it.each([
    ['1970', () => 0],
    ['the day before it was made', () => Date.UTC(2026, 10, 19)],
    ['ten years from now', () => NOW + TEN_YEARS],
  ])(
    '(%s) keeps them, asks for nothing, says the clock is wrong, and serves when it is right',
    async (_what, wrong) => {
      const serial = await joinAndStop();
      const files = await identityFiles();
      host.clock.setWallClock(wrong());
      const agent = host.start();
      await agent.until(() => /clock is .*(ahead of|behind) the manager's/.test(agent.said()));
      await agent.pass(HOUR);
      expect(await agent.servedSerial()).toBeUndefined();
      expect(manager.registrations).toHaveLength(1);
      expect(await identityFiles()).toEqual(files);
      // The log of before is put aside first, which takes the disk its time.
      const recorded = async () =>
        (await host.read('var/log/linux_patch_api/audit.log')).includes('"clock_wrong"');
      await agent.within(60_000, recorded);
      expect(await recorded()).toBe(true);
      putRight();
      await agent.within(60_000, async () => (await agent.servedSerial()) !== undefined);
      expect(await agent.servedSerial()).toBe(serial);
      expect(manager.registrations).toHaveLength(1);
      expect(await agent.stop()).toBe(0);
    },
  );

  it('waits as well while nobody can be asked what time it is, and stops at once when told to', async () => {
    const serial = await joinAndStop();
    const url = manager.url;
    await manager[Symbol.asyncDispose]();
    host.clock.setWallClock(NOW + TEN_YEARS);
    const agent = host.start();
    await agent.until(
      () => agent.said().includes('does not answer') || agent.said().includes('switched off'),
    );
    await agent.pass(12 * HOUR);
    expect(agent.said()).toContain('clock');
    expect(await host.read('etc/linux_patch_api/config.yaml')).toContain(url);
    // The clock stands still: whoever waited for anything would never end.
    expect(await agent.stop()).toBe(2);
    putRight();
    const again = host.start();
    await again.settles(async () => (await again.servedSerial()) === serial);
    await again.stop();
    manager = await startCurrentManager(NOW);
  });

  it('enrols when the manager says that the certificates have really expired', async () => {
    await joinAndStop();
    host.clock.setWallClock(NOW + 366 * DAY);
    manager.dateMs = () => host.clock.now();
    const agent = host.start();
    await agent.until(() => manager.registrations.length === 2);
    await agent.stop();
  });

  it('goes on serving them when the clock jumps while it runs, and health names the clock', async () => {
    const serial = await joinAndStop();
    const agent = host.start();
    await agent.settles(async () => (await agent.servedSerial()) !== undefined);
    await agent.pass(300_000);
    expect((await healthOf(agent)).checks.clock).toBe('ok');
    for (const jump of [-6 * HOUR, 6 * HOUR]) {
      host.clock.setWallClock(rightTime() + jump);
      await agent.pass(120_000);
      await agent.settles(
        async () => (await healthOf(agent)).checks.clock?.includes("the manager's") === true,
      );
      const health = await healthOf(agent);
      expect(health.status).toBe('degraded');
      expect(health.checks.clock).toMatch(/clock is .* (ahead of|behind) the manager's/);
      expect(await agent.servedSerial()).toBe(serial);
    }
    // No client certificate is in date then, so nobody can look at health; it is served all the same.
    for (const wrong of [rightTime() + TEN_YEARS, 0]) {
      host.clock.setWallClock(wrong);
      await agent.pass(HOUR);
      expect(await agent.servedSerial()).toBe(serial);
    }
    putRight();
    await agent.pass(60_000);
    await agent.settles(async () => (await healthOf(agent)).checks.clock === 'ok');
    await agent.within(60_000, () => agent.said().includes('clock is right again'));
    expect(manager.registrations).toHaveLength(1);
    expect(await agent.stop()).toBe(0);
  });
});

describe('a host that waits for approval', () => {
  it.each([6 * HOUR, -6 * HOUR, -NOW])(
    'goes on with its request when the clock jumps by %d ms, and joins when it is right',
    async (jump) => {
      manager.before = Array.from({ length: 10_000 }, () => PENDING);
      const agent = host.start();
      await agent.until(() => manager.verdicts.length >= 3);
      host.clock.setWallClock(rightTime() + jump);
      await agent.pass(2 * HOUR);
      const pending = JSON.parse(await host.read('var/lib/linux_patch_api/enrollment.json')) as object;
      expect(pending).toMatchObject({ state: 'waiting', next_attempt_at: null });
      // The approval comes while the clock is wrong; what it does not fit is kept by the manager.
      manager.before = [];
      await agent.pass(600_000);
      expect(manager.registrations).toHaveLength(1);
      putRight();
      // A question that was cut off while the clock moved is asked again later; small strides cut off none.
      await agent.until(async () => (await agent.servedSerial()) !== undefined, 100);
      expect(manager.registrations).toHaveLength(1);
      await agent.stop();
    },
  );

  it('names the clock when the manager cannot be verified because of dates', async () => {
    await host[Symbol.asyncDispose]();
    await manager[Symbol.asyncDispose]();
    // For this process's TLS the certificates begin in the future, as for a host whose clock is behind.
    manager = await startCurrentManager(NOW + 6 * HOUR);
    manager.dateMs = () => rightTime() + 6 * HOUR;
    await newHost();
    const agent = host.start();
    await agent.until(() => agent.said().includes("6 h 0 min behind the manager's"));
    expect(agent.said()).toContain('CERT_NOT_YET_VALID');
    expect(manager.registrations).toHaveLength(0);
    expect(await agent.stop()).toBe(2);
  });
});
