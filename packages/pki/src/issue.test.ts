import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { NEW_KEY, type Openssl, opensslFolder, opensslSelfSigned } from '../test/openssl.ts';
import { parseCertificate } from './certificates.ts';
import { createRoot, issueCertificate } from './issue.ts';
import { generateKey, publicKeySpki } from './keys.ts';
import { agentProfile, managerClientProfile, rootProfile, webProfile } from './profiles.ts';
import { serialFrom } from './serial.ts';
import { type TestAuthority, testAuthority } from './testing/index.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
let authority: TestAuthority;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
});

function writeAuthority(openssl: Openssl): void {
  openssl.write('root.pem', authority.root.certificatePem);
  openssl.write('issuing.pem', authority.issuing.certificatePem);
}

describe('seen by openssl', () => {
  test('agent, client and web certificates verify strictly, each only for its own purpose', async () => {
    using openssl = opensslFolder();
    writeAuthority(openssl);
    openssl.write('agent.pem', (await authority.issueAgent()).certificatePem);
    openssl.write('client.pem', (await authority.issueManagerClient()).certificatePem);
    openssl.write('web.pem', (await authority.issueWeb()).certificatePem);
    const verify = (name: string, purpose: string): string =>
      openssl.run(
        'verify',
        '-x509_strict',
        '-purpose',
        purpose,
        '-CAfile',
        'root.pem',
        '-untrusted',
        'issuing.pem',
        name,
      );
    expect(verify('agent.pem', 'sslserver')).toContain('OK');
    expect(verify('client.pem', 'sslclient')).toContain('OK');
    expect(verify('web.pem', 'sslserver')).toContain('OK');
    expect(() => verify('agent.pem', 'sslclient')).toThrow(/unsuitable certificate purpose/);
    expect(() => verify('client.pem', 'sslserver')).toThrow(/unsuitable certificate purpose/);
  });

  test('an agent certificate carries exactly the promised extensions', async () => {
    using openssl = opensslFolder();
    const names = { fqdn: 'Web1.example.test', shortName: 'web1', ipAddress: '2001:db8::0:1' };
    openssl.write('agent.pem', (await authority.issueAgent(names)).certificatePem);
    const text = openssl.run(
      'x509',
      '-in',
      'agent.pem',
      '-noout',
      '-subject',
      '-ext',
      'basicConstraints,keyUsage,extendedKeyUsage,subjectAltName',
    );
    expect(text).toContain('subject=CN = Web1.example.test-server');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\s/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\s/);
    expect(text).toContain('DNS:web1.example.test, DNS:web1, IP Address:2001:DB8:0:0:0:0:0:1');
  });

  test.each(Object.keys(NEW_KEY))(
    'a CA made by openssl with a %s key can be used to issue',
    async (algorithm) => {
      using openssl = opensslFolder();
      opensslSelfSigned(
        openssl,
        'ca',
        ...NEW_KEY[algorithm]!,
        '-addext',
        'keyUsage=critical,keyCertSign,cRLSign',
      );
      const issuer = { certificatePem: openssl.read('ca.pem'), privateKeyPem: openssl.read('ca.key') };
      const subjectSpki = publicKeySpki(await generateKey());
      const serial = serialFrom(new Uint8Array(16).fill(1));
      const profile = agentProfile({ fqdn: 'a.example.test', ipAddress: '10.1.2.3' });
      openssl.write('leaf.pem', await issueCertificate({ profile, subjectSpki, issuer, serial, now: NOW }));
      expect(openssl.run('verify', '-x509_strict', '-CAfile', 'ca.pem', 'leaf.pem')).toContain('OK');
      expect(parseCertificate(openssl.read('leaf.pem')).issuer).toBe(
        parseCertificate(issuer.certificatePem).subject,
      );
    },
  );
});

test('certificates are dated back five minutes and last ten years, three years and 365 days', async () => {
  const [root, issuing] = [authority.root, authority.issuing].map((ca) =>
    parseCertificate(ca.certificatePem),
  );
  const leaf = parseCertificate((await authority.issueAgent()).certificatePem);
  const seconds = Math.floor(NOW / 1000) * 1000;
  for (const one of [root!, issuing!, leaf]) expect(one.notBeforeMs).toBe(seconds - 5 * 60_000);
  expect([root!, issuing!, leaf].map((one) => (one.notAfterMs - seconds) / DAY_MS)).toEqual([
    3650, 1095, 365,
  ]);
  expect([root!.isCa, root!.pathLength, issuing!.isCa, issuing!.pathLength, leaf.isCa]).toEqual([
    true,
    undefined,
    true,
    0,
    false,
  ]);
});

test('a leaf never outlives its issuer, and its lifetime can be chosen', async () => {
  const issuing = parseCertificate(authority.issuing.certificatePem);
  const long = await authority.issueAgent({}, { lifetimeMs: 4000 * DAY_MS });
  expect(parseCertificate(long.certificatePem).notAfterMs).toBe(issuing.notAfterMs);
  const short = await authority.issueAgent({}, { lifetimeMs: 3_600_000 });
  expect(parseCertificate(short.certificatePem).notAfterMs).toBe(Math.floor((NOW + 3_600_000) / 1000) * 1000);
});

test('a serial number is positive and reads the same everywhere', async () => {
  const privateKeyPem = await generateKey();
  const profile = rootProfile('Serial Test');
  for (const [first, expected] of [
    [0xff, 'ff'],
    [0x00, ''],
    [0x01, '01'],
    [0x80, '80'],
  ] as const) {
    const serial = serialFrom(Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? first : 0xab)));
    const pem = await createRoot({ profile, privateKeyPem, serial, now: NOW });
    expect(serial).toBe(expected + 'ab'.repeat(15));
    expect(parseCertificate(pem).serialHex).toBe(serial);
    expect(new X509Certificate(pem).serialNumber.toLowerCase()).toBe(serial);
  }
  expect(() => serialFrom(new Uint8Array(16))).toThrow(RangeError);
  expect(() => serialFrom(new Uint8Array(8))).toThrow(RangeError);
});

describe('refuses to issue', () => {
  const profile = managerClientProfile();
  const serial = '01';

  test('when the CA key belongs to another CA', async () => {
    const issuer = { ...authority.issuing, privateKeyPem: authority.root.privateKeyPem };
    const order = {
      profile,
      subjectSpki: publicKeySpki(authority.root.privateKeyPem),
      issuer,
      serial,
      now: NOW,
    };
    await expect(issueCertificate(order)).rejects.toMatchObject({ code: 'CERT_KEY_MISMATCH' });
  });

  test('when the issuer is no CA, or has expired', async () => {
    const { certificatePem, privateKeyPem } = await authority.issueAgent();
    const subjectSpki = publicKeySpki(privateKeyPem);
    const byLeaf = { profile, subjectSpki, issuer: { certificatePem, privateKeyPem }, serial, now: NOW };
    await expect(issueCertificate(byLeaf)).rejects.toMatchObject({ code: 'CERT_UNSUITABLE' });
    const late = { profile, subjectSpki, issuer: authority.issuing, serial, now: NOW + 1100 * DAY_MS };
    await expect(issueCertificate(late)).rejects.toMatchObject({ code: 'CERT_EXPIRED' });
  });

  test('for a weak key', async () => {
    using openssl = opensslFolder();
    openssl.run('genrsa', '-out', 'weak.key', '1024');
    const subjectSpki = publicKeySpki(openssl.read('weak.key'));
    const order = { profile, subjectSpki, issuer: authority.issuing, serial, now: NOW };
    await expect(issueCertificate(order)).rejects.toMatchObject({
      code: 'CERT_UNSUITABLE',
      message: expect.stringContaining('RSA 1024'),
    });
  });
});

describe('profiles', () => {
  test('an fqdn or short name that is an address never becomes a DNS name', () => {
    const profile = agentProfile({ fqdn: '10.0.0.5', shortName: '::1', ipAddress: '10.0.0.5' });
    expect(profile.dnsNames).toEqual([]);
    expect(profile.ipAddresses).toEqual(['10.0.0.5']);
    expect(profile.commonName).toBe('10.0.0.5-server');
  });

  test('a name equal to its short name is listed once', () => {
    expect(agentProfile({ fqdn: 'web1', shortName: 'WEB1', ipAddress: '::1' }).dnsNames).toEqual(['web1']);
  });

  test('a common name longer than 64 characters is cut at a label, the DNS name stays whole', () => {
    const fqdn = `web1.${'a'.repeat(30)}.${'b'.repeat(30)}.test`;
    const profile = agentProfile({ fqdn, ipAddress: '10.0.0.5' });
    expect(profile.commonName).toBe(`web1.${'a'.repeat(30)}-server`);
    expect(profile.dnsNames).toEqual([fqdn]);
    expect(agentProfile({ fqdn: 'c'.repeat(63), ipAddress: '::1' }).commonName).toBe(
      `${'c'.repeat(57)}-server`,
    );
  });

  test.each(['', 'a b', 'a..b', '-a', 'a,DNS:evil', 'a\0b', 'ä.test', 'x'.repeat(64), '*.*.a'])(
    'refuses %j as a DNS name',
    (name) => {
      const attempt = () => webProfile({ dnsNames: ['ok.test', name], ipAddresses: [] });
      expect(attempt).toThrow(expect.objectContaining({ code: 'CERT_UNSUITABLE' }));
    },
  );

  test('refuses what is no address, and a web certificate without any name', () => {
    expect(() => agentProfile({ fqdn: 'a', ipAddress: '10.0.0.500' })).toThrow(/Not an IP address/);
    expect(() => webProfile({ dnsNames: [], ipAddresses: [] })).toThrow(/at least one/);
  });
});
