import { beforeAll, describe, expect, test } from 'vitest';
import { NEW_KEY, opensslFolder, opensslIssued, opensslSelfSigned } from '../test/openssl.ts';
import {
  parseCertificate,
  parseCertificates,
  parseReceivedCertificates,
  plainCertificates,
} from './certificates.ts';
import {
  certificateFingerprint,
  keyId,
  matchesFingerprint,
  parseFingerprint,
  spkiFingerprint,
  spkiSha256,
} from './fingerprints.ts';
import { plainPrivateKey, readPrivateKey } from './keys.ts';
import { type TestAuthority, type TestIdentity, testAuthority } from './testing/index.ts';

const NOW = Date.now();
let authority: TestAuthority;
let agent: TestIdentity;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  agent = await authority.issueAgent();
});

test.each(Object.keys(NEW_KEY))('a certificate made by openssl with a %s key is read', (algorithm) => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'ca', ...NEW_KEY[algorithm]!, '-set_serial', '0x00c0ffee');
  const facts = parseCertificate(openssl.read('ca.pem'));
  expect(facts).toMatchObject({
    subject: 'O=Elsewhere, CN=ca',
    issuer: 'O=Elsewhere, CN=ca',
    commonName: 'ca',
    serialHex: 'c0ffee',
    isCa: true,
    selfSigned: true,
    publicKeyAlgorithm: algorithm,
    extendedKeyUsage: [],
  });
  const dates = openssl.run('x509', '-in', 'ca.pem', '-noout', '-startdate', '-enddate');
  const [notBefore, notAfter] = dates
    .trim()
    .split('\n')
    .map((line) => Date.parse(line.split('=')[1]!));
  expect([facts.notBeforeMs, facts.notAfterMs]).toEqual([notBefore, notAfter]);
});

test('usages and names are read, IPv6 in canonical form', () => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'ca');
  const names = 'subjectAltName=DNS:a.test,IP:10.0.0.1,URI:spiffe://x,IP:2001:db8:0:0:0:0:0:1';
  opensslIssued(openssl, 'leaf', 'ca', {
    extensions: [names, 'extendedKeyUsage=serverAuth,clientAuth,codeSigning'],
  });
  expect(parseCertificate(openssl.read('leaf.pem'))).toMatchObject({
    dnsNames: ['a.test'],
    ipAddresses: ['10.0.0.1', '2001:db8::1'],
    extendedKeyUsage: ['serverAuth', 'clientAuth', '1.3.6.1.5.5.7.3.3'],
    isCa: false,
    selfSigned: false,
  });
});

test('a name cannot smuggle line breaks or separators into a message', () => {
  using openssl = opensslFolder();
  openssl.write('req.conf', '[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN="x\\nO=Trusted, CN=y"\n');
  opensslSelfSigned(openssl, 'odd', '-config', 'req.conf', '-subj', '/CN=line\nbreak, O=Trusted');
  expect(parseCertificate(openssl.read('odd.pem')).subject).toBe(String.raw`CN=line\u{a}break\, O\=Trusted`);
});

describe('fingerprints', () => {
  test('agree with openssl, for the certificate and for its key', () => {
    using openssl = opensslFolder();
    openssl.write('c.pem', agent.certificatePem);
    const printed = openssl.run('x509', '-in', 'c.pem', '-noout', '-fingerprint', '-sha256').trim();
    openssl.write('pub.pem', openssl.run('x509', '-in', 'c.pem', '-noout', '-pubkey'));
    openssl.run('pkey', '-pubin', '-in', 'pub.pem', '-outform', 'DER', '-out', 'pub.der');
    const keyHash = openssl.run('dgst', '-sha256', 'pub.der').trim().split('= ')[1];
    expect(parseFingerprint(printed)).toBe(certificateFingerprint(agent.certificatePem));
    expect(spkiFingerprint(agent.certificatePem)).toBe(`sha256:${keyHash}`);
    expect(matchesFingerprint(agent.certificatePem, printed)).toBe(true);
    expect(matchesFingerprint(agent.certificatePem, keyHash!.toUpperCase())).toBe(true);
    expect(matchesFingerprint(authority.root.certificatePem, printed)).toBe(false);
    expect(matchesFingerprint(agent.certificatePem, '')).toBe(false);
    expect(spkiSha256(openssl.bytes('pub.der'))).toBe(Buffer.from(keyHash!, 'hex').toString('base64url'));
    expect(keyId(openssl.bytes('pub.der'))).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(certificateFingerprint(parseCertificate(agent.certificatePem).der)).toBe(
      parseFingerprint(printed),
    );
  });

  test('are read in the forms people paste, and nothing else is one', () => {
    const hex = 'ab'.repeat(32);
    const colons = Array.from({ length: 32 }, () => 'AB').join(':');
    for (const text of [
      hex,
      `sha256:${hex}`,
      `SHA256:${colons}`,
      ` ${colons}\n`,
      `sha256 Fingerprint=${colons}`,
    ]) {
      expect(parseFingerprint(text)).toBe(hex);
    }
    for (const text of ['', 'sha256:', hex.slice(2), `${hex}00`, `sha1:${hex}`, `${hex.slice(1)}g`]) {
      expect(parseFingerprint(text)).toBeUndefined();
    }
  });
});

describe('a certificate file is refused', () => {
  test.each([
    ['empty', () => ' \n', 'it is empty'],
    ['plain text', () => 'hello', 'holds no PEM block'],
    ['DER', () => parseCertificate(agent.certificatePem).der.toString(), 'it is binary (DER?)'],
    ['cut in the middle', () => agent.certificatePem.slice(0, 300), 'truncated'],
    ['missing lines', () => agent.certificatePem.replace(/\n.{64}\n/, '\n'), 'damaged'],
    [
      'a public key',
      () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      '"PUBLIC KEY" block',
    ],
    ['nested blocks', () => `-----BEGIN CERTIFICATE-----\n${agent.certificatePem}`, 'truncated'],
    ['huge', () => 'x'.repeat(300_000), 'larger'],
  ])('when it is %s', (_name, text, reason) => {
    expect(() => parseCertificates(text())).toThrow(
      expect.objectContaining({ code: 'CERT_CORRUPT', message: expect.stringContaining(reason) }),
    );
  });

  test('when one is expected and two are there', () => {
    expect(() => parseCertificate(agent.chainPem)).toThrow(/2 certificates/);
  });

  test.each([
    ['joined to its key', () => agent.certificatePem + agent.privateKeyPem, 'private key'],
    ['followed by junk', () => `${agent.certificatePem}junk`, 'text after its last PEM block'],
    ['after a rule of dashes', () => `----- ours -----\n${agent.certificatePem}`, 'begins with "-----"'],
    ['behind a byte order mark', () => `\uFEFF${agent.certificatePem}`, 'byte order mark'],
    ['there twice', () => agent.certificatePem.repeat(2), 'twice'],
  ])('when it was sent and is %s', (_name, text, reason) => {
    expect(() => parseReceivedCertificates(text())).toThrow(
      expect.objectContaining({ code: 'CERT_CORRUPT', message: expect.stringContaining(reason) }),
    );
    // In use it can be read all the same.
    expect(parseCertificates(text())[0]?.pem).toBe(parseCertificates(agent.certificatePem)[0]?.pem);
  });
});

test('explanatory text before blocks, CRLF and a missing last line feed are accepted', () => {
  const texts = [
    `Certificate:\n  Data: x\n${agent.chainPem}`,
    agent.chainPem.replaceAll('\n', '\r\n'),
    agent.chainPem.trim(),
  ];
  for (const text of texts) expect(parseCertificates(text)).toHaveLength(2);
});

describe('a file that openssl reads is read here, and handed on without what is around its blocks', () => {
  /** What people and tools put around PEM blocks. */
  const around: readonly (readonly [string, (pem: string) => string])[] = [
    ['a comment before it', (pem) => `# web1, made on Tuesday\n${pem}`],
    [
      'a comment between its blocks',
      (pem) => pem.replace(/(-----END [^\n]*\n)/, '$1# next: the issuing CA\n'),
    ],
    ['a comment at its end', (pem) => `${pem}# end of file\n`],
    ['the text of openssl x509 -text', (pem) => `Certificate:\n    Data:\n        Version: 3 (0x2)\n${pem}`],
    ['a rule of dashes', (pem) => `----- the chain of web1 -----\n${pem}-----------------\n`],
    ['bag attributes of pkcs12', (pem) => `Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n${pem}`],
    ['CRLF', (pem) => pem.replaceAll('\n', '\r\n')],
    ['blanks at the ends of lines', (pem) => pem.replaceAll('\n', '  \n')],
    ['blank lines', (pem) => `\n\n${pem.replaceAll('-----BEGIN', '\n\n-----BEGIN')}\n\n`],
    ['no last line feed', (pem) => pem.trimEnd()],
  ];

  test.each(around)('with %s', (_what, change) => {
    using openssl = opensslFolder();
    openssl.write('c.pem', change(agent.chainPem));
    openssl.write('k.pem', change(agent.privateKeyPem));
    openssl.run('verify', '-CAfile', 'c.pem', '-partial_chain', 'c.pem');
    openssl.run('pkey', '-in', 'k.pem', '-noout');
    expect(plainCertificates(openssl.read('c.pem'))).toBe(agent.chainPem);
    expect(plainPrivateKey(openssl.read('k.pem'))).toBe(agent.privateKeyPem);
  });

  test('as openssl x509 -trustout writes it', () => {
    using openssl = opensslFolder();
    openssl.write('c.pem', agent.certificatePem);
    const arguments_ = ['x509', '-in', 'c.pem', '-trustout', '-addtrust', 'serverAuth', '-setalias', 'web'];
    const trusted = openssl.run(...arguments_);
    expect(trusted).toContain('TRUSTED CERTIFICATE');
    expect(plainCertificates(trusted)).toBe(agent.certificatePem);
    expect(() => parseReceivedCertificates(trusted)).toThrow(/TRUSTED CERTIFICATE/);
  });

  test('with the key and the certificates in one file', () => {
    const both = agent.privateKeyPem + agent.chainPem;
    expect(plainCertificates(both)).toBe(agent.chainPem);
    expect(plainPrivateKey(both)).toBe(agent.privateKeyPem);
  });

  test('and some that openssl does not read: behind a byte order mark, indented, with blank lines inside', () => {
    const inside = agent.chainPem.replaceAll('-----END', '\n-----END');
    for (const text of [`\uFEFF${agent.chainPem}`, agent.chainPem.replaceAll(/^/gm, '    '), inside])
      expect(plainCertificates(text)).toBe(agent.chainPem);
    expect(() => readPrivateKey(`\uFEFF${agent.privateKeyPem}`)).not.toThrow();
  });

  test('and UTF-16 is named', () => {
    const utf16 = Buffer.from(`\uFEFF${agent.certificatePem}`, 'utf16le').toString('utf8');
    expect(() => parseCertificates(utf16)).toThrow(/UTF-16/);
    expect(plainCertificates(utf16)).toBe(utf16);
  });
});
