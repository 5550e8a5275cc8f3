import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentStatus, DAY_MS } from '@linux-patch/contract';
import { createCrl, parseCertificate } from '@linux-patch/pki';
import { systemFiles } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeRenewalRecord } from '../../src/identity/renewal/record.ts';
import type { IdentityMeta } from '../../src/identity/store/identity-meta.ts';
import { createSickHost, NOW, runCli, type SickHost } from '../doctor/sick-host.ts';

let host: SickHost;
beforeEach(async () => {
  host = await createSickHost();
});
afterEach(() => host[Symbol.asyncDispose]());

async function status(): Promise<{
  readonly exitCode: number;
  readonly report: AgentStatus;
  readonly text: string;
}> {
  const { exitCode, text } = await runCli(host, 'status', '--json');
  return { exitCode, text, report: AgentStatus.parse(JSON.parse(text)) };
}

/** An identity whose serial number is known. */
async function installKnown(
  validity: { now?: number; lifetimeMs?: number } = {},
  meta: Partial<IdentityMeta> = {},
): Promise<string> {
  const made = await host.authority.issueAgent({ fqdn: 'host.example.test' }, validity);
  const { serialHex } = parseCertificate(made.certificatePem);
  await host.install({ certificatePem: made.chainPem, keyPem: made.privateKeyPem, meta });
  return serialHex;
}

describe('the status of a host that serves', () => {
  it('tells identity, renewal and revocation list, degrades nothing, and ends with 0', async () => {
    const serial = await installKnown();
    const { exitCode, report } = await status();
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({
      identity: {
        status: 'valid',
        serial,
        trust: 'code',
        key_origin: 'host',
        revoked: false,
        days_left: 364,
      },
      agent: { running: false, pids: [] },
      renewal: { due: false, last_error: null },
      crl: { status: 'valid', revoked: 0 },
      clock: { state: 'ok', message: null },
      enrollment: null,
      degraded: [],
    });
    const { not_before: begin, not_after: end } = report.identity;
    const life = Date.parse(end ?? '') - Date.parse(begin ?? '');
    const drawn = (Date.parse(report.renewal?.due_at ?? '') - Date.parse(begin ?? '')) / life;
    expect(drawn).toBeCloseTo(0.7, 3);
    expect((await runCli(host, 'status')).text).toMatch(/Identity {5}valid[^]*Renewal {6}\d{4}-/);
  });

  it('names a renewal that fails, and ends with 0 while the certificate is good', async () => {
    await host.audit('identity_renewal_failed', { reason: 'the manager is away' });
    const { exitCode, report } = await status();
    expect(exitCode).toBe(0);
    expect(report.renewal).toMatchObject({ last_error: 'the manager is away' });
    expect(report.degraded).toEqual([{ code: 'RENEWAL_FAILING', message: 'the manager is away' }]);
    expect((await runCli(host, 'status')).text).toContain('linux-patch-api doctor');
  });

  it('shows when the renewal is due by the window of the manager, and what the agent has tried', async () => {
    const at = (days: number): string => new Date(NOW + days * DAY_MS).toISOString();
    const window = { start: at(-2), end: at(0) };
    const serial = await installKnown({ now: NOW - 260 * DAY_MS }, { renew_window: window });
    await writeRenewalRecord(systemFiles, host.paths.dataFolder, {
      v: 1,
      serial,
      due_at: at(-1),
      next_attempt_at: at(0.5),
      last_attempt_at: at(-0.5),
      last_error: 'HTTP 503',
      failures: 3,
    });
    const { report } = await status();
    expect(report.renewal).toEqual({
      due_at: at(-1),
      due: true,
      next_attempt_at: at(0.5),
      failures: 3,
      last_error: 'HTTP 503',
      last_failed_at: at(-0.5),
      forked: false,
    });
    // Status, doctor and the running agent have one answer.
    const failing = report.degraded.find((one) => one.code === 'RENEWAL_FAILING')?.message;
    expect(failing).toContain(`should have been renewed on ${at(-1).replace('.000Z', 'Z')}`);
    const { findings } = (await host.doctor('--offline')).report;
    expect(findings.find((one) => one.code === 'RENEWAL_FAILING')?.detail).toBe(failing);
  });

  it('tells nothing that is over as still to come', async () => {
    const serial = await installKnown({ now: NOW - 400 * DAY_MS, lifetimeMs: 365 * DAY_MS });
    const at = new Date(NOW - 40 * DAY_MS).toISOString();
    const tried = { last_attempt_at: at, next_attempt_at: at, last_error: 'HTTP 503', failures: 3 };
    await writeRenewalRecord(systemFiles, host.paths.dataFolder, { v: 1, serial, due_at: at, ...tried });
    const { text } = await runCli(host, 'status');
    expect(text).toMatch(/^Valid until {2}\d{4}-\S+ \(expired\)$/m);
    expect(text).toContain(`Next attempt ${at} (overdue: does the agent run?)`);
  });

  it('that is revoked ends with 4, however valid its dates are', async () => {
    const made = await host.authority.issueAgent({ fqdn: 'host.example.test' });
    const { serialHex } = parseCertificate(made.certificatePem);
    const crlPem = await host.authority.createCrl([serialHex]);
    await host.install({ certificatePem: made.chainPem, keyPem: made.privateKeyPem, crlPem });
    const { exitCode, report } = await status();
    expect(exitCode).toBe(4);
    expect(report.identity).toMatchObject({ status: 'valid', revoked: true });
    expect(report.degraded.map((one) => one.code)).toContain('OWN_CERT_REVOKED');
  });

  it('with an outdated revocation list is degraded and not locked out', async () => {
    const crlPem = await createCrl({
      issuer: host.authority.issuing,
      revoked: [],
      number: 1n,
      now: NOW - 10 * DAY_MS,
      nextUpdateMs: NOW - DAY_MS,
    });
    await host.install({ crlPem });
    const { exitCode, report } = await status();
    expect([exitCode, report.crl?.status]).toEqual([0, 'expired']);
    expect(report.degraded.map((one) => one.code)).toEqual(['CRL_EXPIRED']);
    expect((await runCli(host, 'status')).text).toMatch(
      /Revocations  expired, the next list should have come by/,
    );
  });
});

describe('the status of a host without an identity', () => {
  it('that waits shows the code once, how long it has waited, and ends with 3', async () => {
    const { host_code: code, key_id: keyId } = await host.enrolling({
      next_attempt_at: new Date(NOW + 60_000).toISOString(),
    });
    host.clock.setWallClock(NOW + 12 * 60_000);
    const { exitCode, report, text } = await status();
    expect(exitCode).toBe(3);
    expect(report.enrollment).toMatchObject({
      state: 'waiting',
      host_code: code,
      key_id: keyId,
      waiting_seconds: 720,
    });
    expect(text.split(code)).toHaveLength(2);
    const words = (await runCli(host, 'status')).text;
    expect(words).toMatch(/waiting for approval at https:\S+ \(12 min\)[^]*Next try.*overdue/);
    expect(words.split(code)).toHaveLength(2);
    // It waits, which is no fault, and nothing is said twice.
    expect(words).not.toContain('Degraded');
    expect(words).toContain(`linux-patch-manager enrollments approve ${keyId}`);
    expect(words.split(report.identity.message)).toHaveLength(2);
    const [token] = host.secrets.filter((secret) => secret.startsWith('T0ken'));
    expect(words + text).not.toContain(token);
  });

  it('that needs a person, was refused, or has lost its certificates ends with 4', async () => {
    await host.enrolling({ state: 'needs_person', last_error: 'somebody is in between' });
    expect((await status()).exitCode).toBe(4);
    await rm(host.paths.dataFolder, { recursive: true });
    await host.audit('enrollment_denied', { reason: 'not ours' });
    const { exitCode, report } = await status();
    expect([exitCode, report.degraded[0]?.code]).toEqual([4, 'ENROLLMENT_DENIED']);
  });

  it('that cannot say who it is names the cause first, with the command', async () => {
    await rm(host.paths.dataFolder, { recursive: true });
    await rm(host.paths.certificatesFolder, { recursive: true });
    await writeFile(join(host.root, 'etc/machine-id'), 'uninitialized\n');
    const { report } = await status();
    expect(report.degraded.map((one) => one.code)).toEqual(['MACHINE_ID_UNINITIALIZED', 'IDENTITY_MISSING']);
    expect((await runCli(host, 'status')).text).toContain('systemd-machine-id-setup');
  });

  it('whose certificate is from the future doubts the clock', async () => {
    await installKnown({ now: NOW + 30 * DAY_MS });
    const { exitCode, report } = await status();
    expect([exitCode, report.clock.state]).toEqual([4, 'bad']);
  });
});
