import { describe, expect, test } from 'vitest';
import {
  agent,
  authority,
  CA,
  CERTIFICATE,
  type Change,
  check,
  DAY_MS,
  KEY,
  NOW,
  validate,
} from '../../test/judged-identity.ts';
import { opensslFolder, opensslSelfSigned } from '../../test/openssl.ts';
import { parseCertificate } from '../certificates.ts';

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

test("a CA file with a whole system's CAs costs nothing: the chain is found among hundreds", () => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'other', '-days', '100');
  const others = Array.from({ length: 300 }, () => openssl.read('other.pem')).join('');
  const { status, findings } = validate({ ca: others + authority.caPem, now: NOW });
  expect(status.status).toBe('valid');
  // Too large for a member that is received, and the same one again and again: told, not refused.
  expect(new Set(findings.map((one) => one.severity))).toEqual(new Set(['warn']));
});
