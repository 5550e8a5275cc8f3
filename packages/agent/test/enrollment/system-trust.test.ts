import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readEnrollmentSummary } from '../../src/enrollment/state/summary.ts';
import { readIdentityMeta } from '../../src/identity/store/identity-meta.ts';
import { type CurrentManager, startCurrentManager } from './current-manager.ts';
import { createJoiningHost, type JoiningHost, NOW } from './joining-host.ts';

/** A CA of a TLS inspection: this system believes it, and it is not the manager's. */
const inspection = await testAuthority({ now: NOW });
const folder = await temporaryFolder();
const pending = { status: 200, body: { status: 'pending' } };

let host: JoiningHost;
let manager: CurrentManager;

beforeAll(async () => {
  // OpenSSL's system store, for as long as this process of its own lives; it is read once.
  const store = join(folder.path, 'system.pem');
  await writeFile(store, inspection.root.certificatePem);
  process.env.SSL_CERT_FILE = store;
});
afterAll(() => folder[Symbol.asyncDispose]());
beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startCurrentManager(NOW, 0, await inspection.issueWeb());
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const url = () => new URL(manager.url);
const certificates = () => ({
  ca: join(host.root, 'etc/certs/ca.pem'),
  certificate: join(host.root, 'etc/certs/server.pem'),
  key: join(host.root, 'etc/certs/server.key.pem'),
  crl: join(host.root, 'etc/certs/crl.pem'),
});
const view = () =>
  readEnrollmentSummary(systemFiles, {
    stateFile: join(host.root, 'data/enrollment.json'),
    keyFile: join(host.root, 'etc/certs/pending.key.pem'),
  });

describe('a manager whose web certificate is by a CA that this system believes', () => {
  it('is believed by itself, and the CA is named in request, status, log, audit and identity', async () => {
    manager.before = [pending];
    await host.enrol({ managerUrl: url() }, () => manager.verdicts.length >= 1);
    const issuer = expect.stringContaining('Test Root CA') as string;
    expect(manager.registrations[0]?.ext).toMatchObject({
      modes: ['code', 'click'],
      manager_proof: { by: 'system', issuer },
    });
    expect((await view())?.manager_proof).toEqual({ by: 'system', issuer });
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    const found = { by: 'system', issuer };
    expect(host.logger.records).toContainEqual(
      expect.objectContaining({ message: 'Trust in the manager', fields: found }),
    );
    expect(host.audited.find((one) => one.event === 'enrollment_trust_found')?.fields).toMatchObject(found);
    expect(host.audited.find((one) => one.event === 'identity_installed')?.fields).toMatchObject({
      trust: 'system',
      issuer,
    });
    expect(await readIdentityMeta(systemFiles, certificates())).toMatchObject({
      trust: 'system',
      trust_issuer: issuer,
    });
  });

  it('proves nothing with enrollment.trust: code; only the code lets it install something', async () => {
    const settings = { managerUrl: url(), trust: 'code' } as const;
    const refused = () => host.audited.filter((one) => one.event === 'enrollment_bundle_refused').length;
    expect(await host.enrol(settings, () => refused() >= 2)).toEqual({ kind: 'stopped' });
    expect(manager.registrations[0]?.ext).toMatchObject({ modes: ['code'], manager_proof: { by: 'code' } });
    expect(await host.status()).toBe('missing');
    expect((await view())?.manager_proof).toEqual({ by: 'code', issuer: null });
    manager.code = (await host.pending())?.host_code;
    expect(await host.enrol(settings)).toEqual({ kind: 'installed' });
    expect(await readIdentityMeta(systemFiles, certificates())).toMatchObject({ trust: 'code' });
  });

  it('with enrollment.trust: code beside a CA file needs both: the connection by the file, the approval by the code', async () => {
    const caFile = join(host.root, 'ca.pem');
    await writeFile(caFile, `${inspection.root.certificatePem}# our CA\n`);
    const settings = { managerUrl: url(), caFile, trust: 'code' } as const;
    const refused = () => host.audited.filter((one) => one.event === 'enrollment_bundle_refused').length;
    expect(await host.enrol(settings, () => refused() >= 1)).toEqual({ kind: 'stopped' });
    expect(host.said()).toContain("nobody typed this host's code");
    expect(host.said()).toContain(
      'holds text after its last PEM block; its certificates are used all the same',
    );
    await writeFile(caFile, (await testAuthority({ now: NOW })).root.certificatePem);
    manager.code = (await host.pending())?.host_code;
    const polls = manager.verdicts.length;
    await host.enrol(settings, () => host.said().includes('is not trusted'));
    expect(manager.verdicts).toHaveLength(polls);
  });
});
