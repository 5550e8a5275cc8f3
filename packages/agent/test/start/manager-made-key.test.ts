import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RenewRequest } from '@linux-patch/contract';
import {
  agentProfile,
  issueCertificate,
  parseCertificate,
  parseRequest,
  serialFrom,
  spkiSha256,
  verifyRenewalProof,
} from '@linux-patch/pki';
import { systemRandom } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type OlderManager, startOlderManager } from '../enrollment/older-manager.ts';
import { type AgentHost, createAgentHost } from './agent-in-process.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const HOUR_MS = 3_600_000;
const CERTS = 'etc/linux_patch_api/certs';

let manager: OlderManager;
let host: AgentHost;
let renewals: number;

beforeEach(async () => {
  renewals = 0;
  manager = await startOlderManager(NOW);
  host = await createAgentHost({ nowMs: NOW, enrollment: [`manager_url: ${manager.url}`] });
  manager.dateMs = () => host.clock.now();
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.rootPem);
  const config = await host.read('etc/linux_patch_api/config.yaml');
  await host.put('etc/linux_patch_api/config.yaml', `${config}  ca_file: ${caFile}\n`);
  const bundle = await manager.bundle({ fqdn: 'amber.example.test', ipAddress: '127.0.0.1' });
  manager.poll = [{ status: 200, body: { status: 'approved', ...bundle } }];
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** The manager was replaced by one of this generation with the same CA: it renews for a key of the host. */
async function renew(body: string): Promise<Answer> {
  const { csr, proof } = RenewRequest.parse(JSON.parse(body));
  const audience = `${manager.url}/api/v1/enroll/renew`;
  const { certificate } = verifyRenewalProof({
    jws: proof,
    audience,
    csrPem: csr,
    nowS: Math.floor(host.clock.now() / 1000),
  });
  renewals += 1;
  const { spki } = await parseRequest(csr);
  const leaf = await issueCertificate({
    profile: agentProfile({ fqdn: certificate.dnsNames[0] ?? '', ipAddress: '127.0.0.1' }),
    subjectSpki: spki,
    issuer: manager.root,
    serial: serialFrom(systemRandom.bytes(16)),
    now: host.clock.now(),
  });
  const rootSpki = spkiSha256(parseCertificate(manager.rootPem).spki);
  return {
    status: 200,
    body: {
      ca_crt: manager.rootPem,
      ca_chain: manager.rootPem,
      server_crt: leaf,
      crl_pem: '',
      manager_client: { cn: 'patch-manager-client', issuer_spki: rootSpki },
    },
  };
}

const keyOrigin = async () =>
  (JSON.parse(await readFile(join(host.root, CERTS, 'current/meta.json'), 'utf8')) as { key_origin: string })
    .key_origin;

describe('a key that an older manager made', () => {
  it('is served, said to be what it is, and kept while the manager cannot do better', async () => {
    const agent = host.start();
    await agent.until(async () => (await agent.servedSerial()) !== undefined);
    const serial = await agent.servedSerial();
    const untilMs = host.clock.monotonicMs() + 6 * HOUR_MS;
    await agent.until(() => host.clock.monotonicMs() >= untilMs, 300_000);
    expect(await agent.servedSerial()).toBe(serial);
    expect(await keyOrigin()).toBe('manager');
    expect(agent.said()).toContain('the manager made the private key of this host');
    // Not even a renewal that is asked for each hour makes it join anew, or counts as one that fails.
    expect(manager.seen.filter((one) => one.path === '/api/v1/enroll')).toHaveLength(1);
    await agent.stop();
    expect(await host.read('var/log/linux_patch_api/audit.log')).not.toContain('identity_renewal_failed');
  });

  it('is replaced by a key of this host within an hour after the manager has learned to, without a person', async () => {
    const agent = host.start();
    await agent.until(async () => (await agent.servedSerial()) !== undefined);
    const serial = await agent.servedSerial();
    const before = await host.read(join(CERTS, 'server.key.pem'));
    manager.renew = renew;
    const fromMs = host.clock.monotonicMs();
    await agent.until(async () => (await agent.servedSerial()) !== serial, 60_000);
    expect(host.clock.monotonicMs() - fromMs).toBeLessThan(1.5 * HOUR_MS);
    expect(await keyOrigin()).toBe('host');
    const after = await host.read(join(CERTS, 'server.key.pem'));
    expect(after).not.toBe(before);
    expect(manager.seen.some((one) => one.body.includes('PRIVATE KEY'))).toBe(false);
    expect(renewals).toBe(1);
    expect(await agent.stop()).toBe(0);
  });
});
