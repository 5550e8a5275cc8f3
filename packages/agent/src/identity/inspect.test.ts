import { execFileSync } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRoot, generateKey, rootProfile, serialFrom } from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inspectIdentity } from './inspect.ts';
import { MANUAL_IDENTITY, readIdentityMeta } from './store/identity-meta.ts';
import { readMaterial } from './store/material.ts';
import { type CertificatePaths, pathsIn } from './store/paths.ts';
import { rollBackDamaged } from './store/roll-back.ts';
import { installGeneration } from './store/store.ts';

// The loop-back handshake judges by the machine's own clock.
const NOW = Math.floor(Date.now() / 1000) * 1000;
const meta = { ...MANUAL_IDENTITY, trust: 'code', key_origin: 'host' } as const;

let authority: TestAuthority;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: CertificatePaths;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
});
beforeEach(async () => {
  folder = await temporaryFolder();
  const certs = join(folder.path, 'certs');
  paths = pathsIn(certs);
  const { chainPem: certificatePem, privateKeyPem: keyPem } = await authority.issueAgent();
  const material = { caPem: authority.caPem, certificatePem, keyPem, crlPem: undefined };
  await installGeneration({ files: systemFiles, paths, material, meta });
});
afterEach(() => folder[Symbol.asyncDispose]());

const inspect = () =>
  inspectIdentity(
    { files: systemFiles, paths, clock: { now: () => NOW }, thresholdDays: 7 },
    { handshake: true },
  );

async function change(path: string, how: (text: string) => string): Promise<void> {
  await writeFile(path, how(await readFile(path, 'utf8')));
}

/** As `openssl x509 -trustout` writes it. */
function trusted(pem: string): string {
  return execFileSync('openssl', ['x509', '-trustout', '-addtrust', 'serverAuth'], {
    input: pem,
    encoding: 'utf8',
  });
}

describe('an identity in use, whose files somebody annotated', () => {
  it.each<[string, (text: string) => string]>([
    ['a comment at the end', (text) => `${text}# renewed by hand on Tuesday\n`],
    ['a rule of dashes', (text) => `----- web1 -----\n${text}`],
    ['a byte order mark', (text) => `\uFEFF${text}`],
    ['Windows line ends', (text) => text.replaceAll('\n', '\r\n')],
    ['indented blocks', (text) => text.replaceAll(/^/gm, '  ')],
  ])('serves on with %s in each of them, and keeps what is known about it', async (_what, how) => {
    const before = await readMaterial(systemFiles, paths);
    for (const path of [paths.ca, paths.certificate, paths.key]) await change(path, how);
    const { status, findings } = await inspect();
    expect(status.status).toBe('valid');
    // The handshake over loopback (V21) went well.
    expect(findings.filter((one) => one.severity === 'refuse' || one.check === 'V21')).toEqual([]);
    expect(await readIdentityMeta(systemFiles, paths)).toMatchObject({ trust: 'code', key_origin: 'host' });
    expect(await readMaterial(systemFiles, paths)).toEqual(before);
    expect(
      await rollBackDamaged(
        { files: systemFiles, paths, clock: { now: () => NOW }, thresholdDays: 7 },
        status,
      ),
    ).toBeUndefined();
  });

  it('serves on with a TRUSTED CERTIFICATE as its CA', async () => {
    await change(paths.ca, () => trusted(authority.root.certificatePem));
    const { status, findings } = await inspect();
    expect(status.status).toBe('valid');
    expect(findings).toMatchObject([{ check: 'V2', severity: 'warn' }]);
  });

  it('serves on with 145 CAs beside its own', async () => {
    const privateKeyPem = await generateKey();
    for (let index = 0; index < 145; index += 1) {
      const profile = rootProfile(`Root ${index}`);
      const serial = serialFrom(systemRandom.bytes(16));
      await appendFile(paths.ca, await createRoot({ profile, privateKeyPem, serial, now: NOW }));
    }
    const { status, findings } = await inspect();
    expect(status.status).toBe('valid');
    expect(findings.filter((one) => one.severity === 'refuse')).toEqual([]);
  });

  it('is told why nobody will connect when a CA may not vouch for its names', async () => {
    const openssl = (...arguments_: string[]) =>
      execFileSync('openssl', arguments_, { cwd: folder.path, stdio: ['ignore', 'pipe', 'ignore'] });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const limits = [
      '-addext',
      'nameConstraints=critical,permitted;DNS:elsewhere.test',
      '-addext',
      'keyUsage=keyCertSign',
    ];
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', ...limits);
    openssl('req', ...newKey, '-keyout', 'k.pem', '-out', 'r.pem', '-subj', '/CN=web1');
    await writeFile(join(folder.path, 'ext'), 'subjectAltName=DNS:web1.test\nextendedKeyUsage=serverAuth\n');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', 'c.pem', '-extfile', 'ext', '-days', '30'];
    openssl('x509', '-req', '-in', 'r.pem', ...signed);
    const read = (name: string) => readFile(join(folder.path, name), 'utf8');
    await writeFile(paths.ca, await read('ca.pem'));
    await writeFile(paths.certificate, await read('c.pem'));
    await writeFile(paths.key, await read('k.pem'));
    const messages = (await inspect()).findings.map((one) => one.message).join('\n');
    expect(messages).toMatch(/name constraints: a CA in its chain may not vouch for this name/);
    expect(messages).not.toContain('UNSPECIFIED');
  });
});

it('an identity on a disk that fails cannot be read, and does not end who looks at it', async () => {
  const readLink = async (path: string) => {
    if (path !== paths.crl) return systemFiles.readLink(path);
    throw Object.assign(new Error('EIO: i/o error, readlink'), { code: 'EIO' });
  };
  const files = { ...systemFiles, readLink };
  const { status, set } = await inspectIdentity({
    files,
    paths,
    clock: { now: () => NOW },
    thresholdDays: 7,
  });
  expect(status).toMatchObject({ status: 'corrupt', message: expect.stringContaining('i/o error') });
  expect(set).toBeUndefined();
});
