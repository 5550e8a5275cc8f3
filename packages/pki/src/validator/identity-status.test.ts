import { beforeAll, describe, expect, test } from 'vitest';
import { NEW_KEY, opensslFolder, opensslIssued, opensslSelfSigned } from '../../test/openssl.ts';
import { parseCertificate } from '../certificates.ts';
import { issueCertificate } from '../issue.ts';
import { generateKey, publicKeySpki } from '../keys.ts';
import { agentProfile, issuingProfile } from '../profiles.ts';
import { type TestAuthority, type TestIdentity, testAuthority } from '../testing/index.ts';
import type { Expectation } from './candidate.ts';
import { validateIdentity } from './validate.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const CA = '/etc/linux_patch_api/certs/ca.pem';
const CERTIFICATE = '/etc/linux_patch_api/certs/server.pem';
const KEY = '/etc/linux_patch_api/certs/server.key.pem';
let authority: TestAuthority;
let agent: TestIdentity;

interface Change extends Partial<Pick<Expectation, 'now' | 'thresholdDays' | 'expectedNames'>> {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

function validate(change: Change = {}): ReturnType<typeof validateIdentity> {
  const texts = {
    ca: authority.caPem,
    certificate: agent.certificatePem,
    key: agent.privateKeyPem,
    ...change,
  };
  const candidate = {
    ca: { path: CA, text: texts.ca },
    certificate: { path: CERTIFICATE, text: texts.certificate },
    key: { path: KEY, text: texts.key },
  };
  return validateIdentity(candidate, { occasion: 'start', now: NOW, thresholdDays: 7, ...change });
}

const check = (change: Change = {}) => validate(change).status;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  agent = await authority.issueAgent();
});

test('a whole identity is valid and says until when', () => {
  const status = check({ expectedNames: { fqdn: 'HOST.example.test', ipAddress: '127.0.0.1' } });
  const leaf = parseCertificate(agent.certificatePem);
  expect(status).toMatchObject({
    status: 'valid',
    message: expect.stringContaining('expires on 2027-06-01T00:00:00.000Z, in 365 days'),
    facts: { serialHex: leaf.serialHex, notAfterMs: leaf.notAfterMs, caNotAfterMs: NOW + 1095 * DAY_MS },
  });
  expect(status).not.toHaveProperty('code');
});

test('the server certificate file may carry the issuing CA while the CA file has only the root', () => {
  expect(check({ ca: authority.root.certificatePem, certificate: agent.chainPem }).status).toBe('valid');
});

test('an identity expires soon when less than the threshold is left on the server certificate', () => {
  const end = parseCertificate(agent.certificatePem).notAfterMs;
  expect(check({ now: end - 7 * DAY_MS }).status).toBe('valid');
  const soon = check({ now: end - 7 * DAY_MS + 1 });
  expect(soon).toMatchObject({
    status: 'expiring_soon',
    message: expect.stringContaining(`${CERTIFICATE} expires`),
  });
});

test('an identity expires soon when less than the threshold is left on the CA it chains to', async () => {
  const now = NOW + 1090 * DAY_MS;
  const late = await authority.issueAgent({}, { now });
  const status = check({ certificate: late.certificatePem, key: late.privateKeyPem, now });
  expect(status.status).toBe('expiring_soon');
});

test('all missing files are listed, before anything is parsed', () => {
  const status = check({ ca: undefined, certificate: 'garbage', key: undefined });
  expect(status).toMatchObject({ status: 'missing', code: 'CERT_MISSING', paths: [CA, KEY] });
  expect(status.message).toContain(`${CA}, ${KEY}`);
});

describe('a corrupt file is named with the reason', () => {
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n';
  test.each([
    ['an empty CA file', () => ({ ca: '' }), CA, 'it is empty'],
    ['a CA file without PEM', () => ({ ca: 'hello' }), CA, 'no PEM block'],
    [
      'a truncated certificate',
      () => ({ certificate: agent.certificatePem.slice(0, 200) }),
      CERTIFICATE,
      'truncated',
    ],
    [
      'a certificate in the key file',
      () => ({ key: agent.certificatePem }),
      KEY,
      '"CERTIFICATE" block where a private key belongs',
    ],
    ['an encrypted key', () => ({ key: encrypted }), KEY, 'encrypted'],
    [
      'a damaged key',
      () => ({ key: agent.privateKeyPem.replace(/\n.{64}\n/, `\n${'A'.repeat(64)}\n`) }),
      KEY,
      'damaged',
    ],
  ])('%s', (_name, change, path, reason) => {
    const status = check(change());
    expect(status).toMatchObject({ status: 'corrupt', code: 'CERT_CORRUPT', path });
    expect(status.message).toContain(path);
    expect(status.message).toContain(reason);
  });

  test('an older encrypted key, and the message never shows key material', () => {
    using openssl = opensslFolder();
    openssl.run('genrsa', '-aes128', '-passout', 'pass:secret', '-traditional', '-out', 'k.pem', '2048');
    const key = openssl.read('k.pem');
    const status = check({ key });
    expect(status).toMatchObject({ status: 'corrupt', message: expect.stringContaining('passphrase') });
    expect(status.message).not.toContain(key.split('\n')[5]);
  });
});

describe('a file with something around its blocks stays in use, with a warning', () => {
  const commented = (pem: string) => `${pem}# made on Tuesday\n`;
  test.each<[string, () => Change, string, string, string]>([
    ['a comment in the CA file', () => ({ ca: commented(authority.caPem) }), 'V2', CA, 'text after its last'],
    [
      'a rule of dashes in the certificate file',
      () => ({ certificate: `----- web1 -----\n${agent.certificatePem}` }),
      'V2',
      CERTIFICATE,
      'begins with "-----" (line 1)',
    ],
    [
      'the key in the certificate file',
      () => ({ certificate: agent.certificatePem + agent.privateKeyPem }),
      'V2',
      CERTIFICATE,
      'private key, which belongs only into the key file',
    ],
    [
      'a byte order mark in the CA file',
      () => ({ ca: `\uFEFF${authority.caPem}` }),
      'V2',
      CA,
      'byte order mark',
    ],
    [
      'a comment in the key file',
      () => ({ key: commented(agent.privateKeyPem) }),
      'V10',
      KEY,
      'text after its last',
    ],
    [
      'two keys',
      () => ({ key: agent.privateKeyPem.repeat(2) }),
      'V10',
      KEY,
      '2 private keys, of which the first',
    ],
    [
      'the certificate in the key file',
      () => ({ key: agent.certificatePem + agent.privateKeyPem }),
      'V10',
      KEY,
      'beside the private key',
    ],
  ])('%s', (_what, change, id, path, words) => {
    const { status, findings } = validate(change());
    expect(status.status).toBe('valid');
    expect(findings).toMatchObject([
      { check: id, severity: 'warn', paths: [path], message: expect.stringContaining(words) },
    ]);
  });
});

describe('sentences about what people put together', () => {
  test('a CA before the certificate of the host is named with the place where that is', () => {
    const certificate = authority.issuing.certificatePem + agent.certificatePem;
    const status = check({ certificate });
    expect(status.status).toBe('key_mismatch');
    expect(status.message).toMatch(
      /The first certificate in .*server.pem is "CN=Test Issuing CA.*belongs to number 2/,
    );
  });

  test('RSA-PSS, and RSA of more than 8192 bits, are not told to be RSA', () => {
    using openssl = opensslFolder();
    opensslSelfSigned(openssl, 'ca', '-days', '100');
    const extensions = ['subjectAltName=DNS:server'];
    const pss = ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'];
    opensslIssued(openssl, 'server', 'ca', { newKey: pss, days: 60, extensions });
    const material = {
      ca: openssl.read('ca.pem'),
      certificate: openssl.read('server.pem'),
      key: openssl.read('server.key'),
    };
    expect(check({ ...material, now: Date.now() }).message).toMatch(
      /RSA-PSS 2048 key; use .*RSA \(not RSA-PSS\) of 2048 to 8192/,
    );
  });

  test('the usage "any" is named, and what is needed instead', () => {
    using openssl = opensslFolder();
    opensslSelfSigned(openssl, 'ca', '-days', '100');
    const extensions = ['subjectAltName=DNS:server', 'extendedKeyUsage=anyExtendedKeyUsage'];
    opensslIssued(openssl, 'server', 'ca', { days: 60, extensions });
    const material = {
      ca: openssl.read('ca.pem'),
      certificate: openssl.read('server.pem'),
      key: openssl.read('server.key'),
    };
    const { status, message } = check({ ...material, now: Date.now() });
    expect(status).toBe('untrusted');
    expect(message).toMatch(/"any".*serverAuth/);
    // So do others see it (openssl verify).
    expect(() => openssl.run('verify', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'server.pem')).toThrow();
  });
});

test("a CA file with a whole system's CAs costs nothing: the chain is found among hundreds", () => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'other', '-days', '100');
  const others = Array.from({ length: 300 }, () => openssl.read('other.pem')).join('');
  const { status, findings } = validate({ ca: others + authority.caPem, now: NOW });
  expect(status.status).toBe('valid');
  // Too large for a member that is received, and the same one again and again: told, not refused.
  expect(new Set(findings.map((one) => one.severity))).toEqual(new Set(['warn']));
});

describe('validity dates', () => {
  test('an expired server certificate is reported with dates, serial and the host clock', () => {
    const { serialHex } = parseCertificate(agent.certificatePem);
    const status = check({ now: NOW + 367 * DAY_MS });
    expect(status).toMatchObject({ status: 'expired', code: 'CERT_EXPIRED', facts: { serialHex } });
    expect(status.message).toContain(`server certificate in ${CERTIFICATE}`);
    expect(status.message).toContain(`serial ${serialHex}`);
    expect(status.message).toContain('expired on 2027-06-01T00:00:00.000Z, 2 days ago');
    expect(status.message).toContain("this host's clock says 2027-06-03T00:00:00.000Z");
  });

  test('the CA is looked at first', () => {
    const status = check({ now: NOW + 1096 * DAY_MS });
    expect(status).toMatchObject({
      status: 'expired',
      message: expect.stringContaining(`CA certificate in ${CA}`),
    });
  });

  test('a certificate from the future is not yet valid, after five minutes of grace', () => {
    const begin = parseCertificate(agent.certificatePem).notBeforeMs;
    expect(check({ now: begin - 300_000 }).status).toBe('valid');
    const status = check({ now: begin - 300_001 });
    expect(status).toMatchObject({ status: 'not_yet_valid', code: 'CERT_NOT_YET_VALID' });
    expect(status.message).toMatch(/not valid before 2026-05-31T23:55:00.000Z.*clock/);
  });

  test('dates come before the key match', () => {
    expect(check({ now: NOW + 367 * DAY_MS, key: authority.root.privateKeyPem }).status).toBe('expired');
  });
});

describe('several CAs during a rotation', () => {
  test('an expired or foreign CA beside the good one does no harm', async () => {
    const old = await testAuthority({ now: NOW - 3000 * DAY_MS });
    const foreign = await testAuthority({ now: NOW });
    expect(check({ ca: old.caPem + foreign.caPem + authority.caPem }).status).toBe('valid');
  });

  test('an expired certificate of the same CA key gives way to the renewed one', async () => {
    const now = NOW + 1200 * DAY_MS;
    const renewed = await issueCertificate({
      profile: issuingProfile('Test Issuing CA'),
      subjectSpki: publicKeySpki(authority.issuing.privateKeyPem),
      issuer: authority.root,
      serial: '77',
      now,
    });
    const privateKeyPem = await generateKey();
    const certificate = await issueCertificate({
      profile: agentProfile({ fqdn: 'host.example.test', ipAddress: '127.0.0.1' }),
      subjectSpki: publicKeySpki(privateKeyPem),
      issuer: { certificatePem: renewed, privateKeyPem: authority.issuing.privateKeyPem },
      serial: '78',
      now,
    });
    expect(check({ ca: authority.caPem + renewed, certificate, key: privateKeyPem, now }).status).toBe(
      'valid',
    );
    expect(check({ ca: authority.caPem, certificate, key: privateKeyPem, now }).status).toBe('expired');
  });

  test('when no CA signed the certificate but all of them have expired, that is said', async () => {
    const old = await testAuthority({ now: NOW - 3700 * DAY_MS });
    expect(check({ ca: old.caPem })).toMatchObject({
      status: 'expired',
      message: expect.stringContaining(CA),
    });
  });
});

test('a key of another certificate is a mismatch, shown with both fingerprints', async () => {
  const status = check({ key: await generateKey(), ca: (await testAuthority({ now: NOW })).caPem });
  expect(status).toMatchObject({ status: 'key_mismatch', code: 'CERT_KEY_MISMATCH' });
  expect(status.message).toMatch(/sha256:[0-9a-f]{64}.*sha256:[0-9a-f]{64}/);
});

describe('untrusted', () => {
  test('another CA of the same name did not sign the certificate', async () => {
    const status = check({ ca: (await testAuthority({ now: NOW })).caPem });
    expect(status).toMatchObject({ status: 'untrusted', code: 'CERT_UNTRUSTED' });
    expect(status.message).toMatch(/signature .* was not made by "CN=Test Issuing CA"/);
  });

  test('a CA file without the issuer names the issuer it lacks', () => {
    const status = check({ ca: authority.root.certificatePem });
    expect(status.message).toContain('its issuer "CN=Test Issuing CA" is missing');
  });

  test('a client certificate or a CA certificate cannot serve', async () => {
    const client = await authority.issueManagerClient();
    const asServer = check({ certificate: client.certificatePem, key: client.privateKeyPem });
    expect(asServer).toMatchObject({
      status: 'untrusted',
      code: 'CERT_UNSUITABLE',
      message: expect.stringContaining('clientAuth'),
    });
    const ca = check({ certificate: authority.issuing.certificatePem, key: authority.issuing.privateKeyPem });
    expect(ca).toMatchObject({ status: 'untrusted', code: 'CERT_UNSUITABLE' });
  });

  test('a certificate for another host keeps serving, and a warning tells the names it carries', () => {
    const elsewhere = validate({ expectedNames: { fqdn: 'other.example.test', ipAddress: '10.9.9.9' } });
    expect(elsewhere.status.status).toBe('valid');
    expect(elsewhere.findings).toMatchObject([
      { check: 'V9', severity: 'warn', message: expect.stringContaining('host.example.test') },
      { check: 'V9', severity: 'warn', message: expect.stringContaining('10.9.9.9') },
    ]);
  });
});

describe('identities made by openssl', () => {
  test.each(Object.keys(NEW_KEY))('with a %s key', (algorithm) => {
    using openssl = opensslFolder();
    opensslSelfSigned(openssl, 'ca', '-days', '100');
    opensslIssued(openssl, 'server', 'ca', {
      newKey: NEW_KEY[algorithm]!,
      days: 60,
      extensions: ['subjectAltName=DNS:server'],
    });
    const material = {
      ca: openssl.read('ca.pem'),
      certificate: openssl.read('server.pem'),
      key: openssl.read('server.key'),
    };
    expect(check({ ...material, now: Date.now() }).status).toBe('valid');
    expect(check({ ...material, now: Date.now() + 55 * DAY_MS }).status).toBe('expiring_soon');
    expect(check({ ...material, now: Date.now() + 61 * DAY_MS }).status).toBe('expired');
    expect(check({ ...material, now: Date.now() - DAY_MS }).status).toBe('not_yet_valid');
  });

  test('with a SEC1 key that has its curve parameters in front, and a PKCS#1 key', () => {
    using openssl = opensslFolder();
    opensslSelfSigned(openssl, 'ca');
    const ca = openssl.read('ca.pem');
    openssl.run('ecparam', '-genkey', '-name', 'prime256v1', '-out', 'sec1.key');
    openssl.run('genrsa', '-traditional', '-out', 'pkcs1.key', '2048');
    for (const name of ['sec1', 'pkcs1']) {
      const key = openssl.read(`${name}.key`);
      openssl.run('req', '-new', '-key', `${name}.key`, '-subj', '/CN=x', '-out', 'x.csr');
      openssl.run(
        'x509',
        '-req',
        '-in',
        'x.csr',
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        'x.pem',
      );
      expect(key).toMatch(name === 'sec1' ? /EC PARAMETERS[^]*EC PRIVATE KEY/ : /RSA PRIVATE KEY/);
      expect(check({ ca, certificate: openssl.read('x.pem'), key, now: Date.now() }).status).toBe('valid');
    }
  });
});
