import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { agent, authority, check, DAY_MS, NOW, validate } from '../../test/judged-identity.ts';
import { NEW_KEY, opensslFolder, opensslIssued, opensslSelfSigned } from '../../test/openssl.ts';
import { generateKey } from '../keys.ts';
import { testAuthority } from '../testing/index.ts';

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

describe('sentences about what people put together', () => {
  test('a CA before the certificate of the host is named with the place where that is', () => {
    const certificate = authority.issuing.certificatePem + agent.certificatePem;
    const status = check({ certificate });
    expect(status.status).toBe('key_mismatch');
    expect(status.message).toMatch(
      /The first certificate in .*server.pem is "CN=Test Issuing CA.*belongs to number 2/,
    );
  });

  test.each([
    ['RSA-PSS 2048', ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048']],
    // Made once, since that takes long: openssl genrsa -primes 5 8200
    ['RSA 8200', ['-key', fileURLToPath(new URL('../../test/recorded/rsa-8200.key', import.meta.url))]],
  ])('a key of %s is named so, and which ones are taken', (algorithm, key) => {
    using openssl = opensslFolder();
    opensslSelfSigned(openssl, 'ca', '-days', '100');
    const extensions = ['subjectAltName=DNS:server'];
    opensslIssued(openssl, 'server', 'ca', { newKey: key, days: 60, extensions });
    const material = {
      ca: openssl.read('ca.pem'),
      certificate: openssl.read('server.pem'),
      key: openssl.run('pkey', '-in', key[0] === '-key' ? (key[1] ?? '') : 'server.key'),
    };
    const status = check({ ...material, now: Date.now() });
    expect(status.status).not.toBe('valid');
    expect(status.message).toContain(
      `uses a ${algorithm} key; use EC P-256, EC P-384, Ed25519 or RSA (not RSA-PSS) of 2048 to 8192 bits.`,
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
