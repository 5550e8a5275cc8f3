import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import { seededRandom } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CurrentManager, type OddAnswer, startCurrentManager } from '../enrollment/current-manager.ts';
import { TOKEN } from '../enrollment/older-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 86_400_000;
const STRIDE_MS = 600_000;
const CERTS = 'etc/linux_patch_api/certs';

let manager: CurrentManager;
let host: AgentHost;
let serial: string;

beforeEach(async () => {
  manager = await startCurrentManager(NOW);
  host = await createAgentHost({ nowMs: NOW, enrollment: [`manager_url: ${manager.url}`] });
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  const config = await host.read('etc/linux_patch_api/config.yaml');
  await host.put('etc/linux_patch_api/config.yaml', `${config}  ca_file: ${caFile}\n`);
  manager.dateMs = () => host.clock.now();
  const agent = host.start();
  await agent.until(async () => (await agent.servedSerial()) !== undefined);
  serial = (await agent.servedSerial()) ?? '';
  await agent.stop();
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** What is served, byte for byte. */
async function identityDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['ca.pem', 'server.pem', 'server.key.pem'])
    hash.update(await readFile(join(host.root, CERTS, name)));
  return hash.digest('hex');
}

/** Every kind of thing that a manager, or somebody in its place, might say. */
async function oddAnswers(): Promise<OddAnswer[]> {
  const json = (status: number, body: unknown): OddAnswer => ({ status, text: JSON.stringify(body) });
  const other = await testAuthority({ now: NOW });
  const stranger = await other.issueAgent({ fqdn: 'amber.example.test' });
  const sibling = await manager.authority.issueAgent({ fqdn: 'basalt.example.test' });
  const bundleOf = (from: typeof other, issued: typeof stranger) => ({
    ca_crt: from.root.certificatePem,
    ca_chain: from.caPem,
    server_crt: issued.chainPem,
    crl_pem: '',
    manager_client: { cn: 'patch-manager-client', issuer_spki: 'AAAA' },
  });
  const foreignList = await other.createCrl([serial]);
  return [
    json(401, { error: { code: 'UNAUTHORIZED', message: 'who are you' } }),
    json(401, { server_time: 1 }),
    json(403, { error: { code: 'FORBIDDEN', message: 'this certificate cannot renew' } }),
    json(404, { error: { code: 'NOT_FOUND', message: 'no such host' } }),
    json(410, {}),
    json(409, { error: 'Host collision detected' }),
    json(500, { error: 'Database error' }),
    json(200, { status: 'notfound' }),
    json(200, { status: 'denied', reason: 'go away' }),
    json(200, { status: 'revoked', revoked: true, delete: true }),
    json(200, { status: 'pending' }),
    json(202, { polling_token: TOKEN }),
    json(200, { status: 'approved', ...bundleOf(other, stranger), server_key: stranger.privateKeyPem }),
    json(200, bundleOf(other, stranger)),
    json(200, bundleOf(manager.authority, sibling)),
    json(200, { ...bundleOf(manager.authority, sibling), server_key: sibling.privateKeyPem }),
    json(200, []),
    { status: 200, text: foreignList, headers: { 'content-type': 'application/x-pem-file' } },
    { status: 200, text: other.caPem, headers: { 'content-type': 'application/x-pem-file' } },
    { status: 200, text: '<html>Please log in</html>', headers: { 'content-type': 'text/html' } },
    { status: 200, text: '{"status":"appro' },
    { status: 200, text: '\u0000\u0001 garbage' },
    { status: 302, text: '', headers: { location: 'https://elsewhere.example.test/' } },
    { status: 429, text: 'slow down', headers: { 'retry-after': '30' } },
    { status: 503, text: '' },
  ];
}

async function stillServes(agent: RunningAgent): Promise<void> {
  expect(await agent.servedSerial()).toBe(serial);
}

describe('an agent with a working identity', () => {
  it.each([1, 2])(
    'serves it after two hundred answers of a manager that has lost its mind (seed %d)',
    async (seed) => {
      const random = seededRandom(seed);
      const answers = await oddAnswers();
      const digest = await identityDigest();
      const asked: string[] = [];
      manager.odd = (path) => {
        asked.push(path);
        return answers[Math.floor(random.fraction() * answers.length)]!;
      };
      // Late in the life of the certificate, so that the agent wants something of the manager all the time.
      host.clock.setWallClock(NOW + 300 * DAY_MS);
      const agent = host.start();
      await agent.settles(async () => (await agent.servedSerial()) !== undefined);
      for (const goal of [1, 40, 80, 120, 160, 200]) {
        await agent.until(() => asked.length >= goal, STRIDE_MS);
        await stillServes(agent);
      }
      expect(new Set(asked).size).toBeGreaterThan(1);
      expect(await identityDigest()).toBe(digest);
      expect(await agent.stop()).toBe(0);
      expect(host.clock.now()).toBeLessThan(NOW + 360 * DAY_MS);
      const again = host.start();
      await again.settles(async () => (await again.servedSerial()) !== undefined);
      await stillServes(again);
      await again.stop();
    },
  );

  it('serves it when another manager with another CA answers at the address, and sends that one nothing', async () => {
    const digest = await identityDigest();
    const port = Number(new URL(manager.url).port);
    await manager[Symbol.asyncDispose]();
    manager = await startCurrentManager(NOW, port);
    manager.dateMs = () => host.clock.now();
    host.clock.setWallClock(NOW + 300 * DAY_MS);
    const agent = host.start();
    await agent.until(() => /renewed|not trusted/.test(agent.said()) && agent.said().includes('not trusted'));
    const untilMs = host.clock.monotonicMs() + 6 * 3_600_000;
    await agent.until(() => host.clock.monotonicMs() >= untilMs, STRIDE_MS);
    await stillServes(agent);
    expect(manager.registrations).toEqual([]);
    expect(await identityDigest()).toBe(digest);
    expect(await agent.stop()).toBe(0);
  });

  it('serves it after the manager was restored from a backup that never heard of it', async () => {
    const lost = {
      status: 403,
      text: JSON.stringify({ error: { code: 'FORBIDDEN', message: 'this manager did not issue it' } }),
    };
    manager.odd = (path) => (path.endsWith('/renew') ? lost : { status: 404, text: '{}' });
    host.clock.setWallClock(NOW + 300 * DAY_MS);
    const agent = host.start();
    await agent.until(() => agent.said().includes('this manager did not issue it'), 10 * 60_000);
    await stillServes(agent);
    expect(await agent.stop()).toBe(0);
  });
});
