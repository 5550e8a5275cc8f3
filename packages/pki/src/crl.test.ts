import { beforeAll, expect, test } from 'vitest';
import { NEW_KEY, opensslFolder, opensslSelfSigned } from '../test/openssl.ts';
import { parseCertificate } from './certificates.ts';
import { createCrl, parseCrl, verifyCrl } from './crl.ts';
import { certificatePoint, coversCertificate, coversManager, MANAGER_POINT } from './crl-scope.ts';
import { type TestAuthority, testAuthority } from './testing/index.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const WEEK_MS = 7 * 86_400_000;
let authority: TestAuthority;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
});

function order(serials: readonly string[]): Parameters<typeof createCrl>[0] {
  const revoked = serials.map((serialHex) => ({ serialHex, revokedAtMs: NOW - 1000 }));
  return { issuer: authority.issuing, revoked, number: 300n, now: NOW, nextUpdateMs: NOW + WEEK_MS };
}

test('openssl verifies our list, shows its number and refuses exactly the revoked certificate', async () => {
  using openssl = opensslFolder();
  const [revoked, kept] = [await authority.issueAgent(), await authority.issueAgent()];
  const { serialHex } = parseCertificate(revoked.certificatePem);
  openssl.write('ca.pem', authority.caPem);
  openssl.write('issuing.pem', authority.issuing.certificatePem);
  openssl.write('crl.pem', await createCrl(order([serialHex, '7f'])));
  openssl.write('revoked.pem', revoked.certificatePem);
  openssl.write('kept.pem', kept.certificatePem);
  const text = openssl.run(
    'crl',
    '-in',
    'crl.pem',
    '-CAfile',
    'issuing.pem',
    '-noout',
    '-text',
    '-crlnumber',
  );
  expect(text).toContain(`Serial Number: ${serialHex.toUpperCase()}`);
  expect(text).toMatch(/CRL Number:\s+300/);
  const verify = (name: string): string =>
    openssl.run('verify', '-x509_strict', '-crl_check', '-CAfile', 'ca.pem', '-CRLfile', 'crl.pem', name);
  expect(verify('kept.pem')).toContain('OK');
  expect(() => verify('revoked.pem')).toThrow(/certificate revoked/);
});

test('our list reads back, serial numbers in canonical form, each once', async () => {
  const facts = parseCrl(await createCrl(order(['00FF01', 'ff01', '01'])));
  expect(facts).toEqual({
    issuer: 'CN=Test Issuing CA',
    thisUpdateMs: NOW,
    nextUpdateMs: NOW + WEEK_MS,
    number: 300n,
    serials: new Set(['ff01', '01']),
    reasons: new Map(),
    scope: undefined,
  });
});

test('a list says why, in words that openssl reads, and says nothing where there is no reason', async () => {
  using openssl = opensslFolder();
  const revoked = [
    { serialHex: '0a', revokedAtMs: NOW, reasonCode: 1 },
    { serialHex: '0b', revokedAtMs: NOW, reasonCode: 5 },
    { serialHex: '0c', revokedAtMs: NOW, reasonCode: 0 },
    { serialHex: '0d', revokedAtMs: NOW },
  ];
  const pem = await createCrl({ ...order([]), revoked });
  openssl.write('crl.pem', pem);
  const text = openssl.run('crl', '-in', 'crl.pem', '-noout', '-text');
  expect(text.match(/Reason Code:\s+.*/g)?.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual([
    'Reason Code: Key Compromise',
    'Reason Code: Cessation Of Operation',
  ]);
  expect(parseCrl(pem).reasons).toEqual(
    new Map([
      ['0a', 1],
      ['0b', 5],
    ]),
  );
  expect(parseCrl(pem).serials.size).toBe(4);
});

test('an empty list is a list', async () => {
  using openssl = opensslFolder();
  const pem = await createCrl(order([]));
  openssl.write('issuing.pem', authority.issuing.certificatePem);
  openssl.write('crl.pem', pem);
  expect(openssl.run('crl', '-in', 'crl.pem', '-CAfile', 'issuing.pem', '-noout', '-text')).toContain(
    'No Revoked',
  );
  expect(parseCrl(pem).serials.size).toBe(0);
});

test('a list is verified only by the CA that signed it', async () => {
  const pem = await createCrl(order(['01']));
  const sameNames = await testAuthority({ now: NOW });
  expect(verifyCrl(pem, authority.issuing.certificatePem)).toBe(true);
  expect(verifyCrl(pem, authority.root.certificatePem)).toBe(false);
  expect(verifyCrl(pem, sameNames.issuing.certificatePem)).toBe(false);
});

test('a list whose entries were changed after signing is not verified', async () => {
  const pem = await createCrl(order(['aabbccdd']));
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  der[der.indexOf(Buffer.from('aabbccdd', 'hex')) + 1] = 0xee;
  const changed = `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`;
  expect(parseCrl(changed).serials).toEqual(new Set(['aaeeccdd']));
  expect(verifyCrl(changed, authority.issuing.certificatePem)).toBe(false);
});

test.each(Object.keys(NEW_KEY))('a list made by openssl with a %s CA is read and verified', (algorithm) => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'ca', ...NEW_KEY[algorithm]!);
  openssl.write('index.txt', 'R\t361231235959Z\t260101000000Z\t0ABC\tunknown\t/CN=gone\n');
  openssl.write('crlnumber', '07\n');
  openssl.write(
    'ca.conf',
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=default\n',
  );
  openssl.run(
    'ca',
    '-config',
    'ca.conf',
    '-gencrl',
    // Both from one clock: openssl reads the time anew for each, and between them a second may end.
    '-crl_lastupdate',
    '20261101000000Z',
    '-crl_nextupdate',
    '20261104000000Z',
    '-cert',
    'ca.pem',
    '-keyfile',
    'ca.key',
    '-out',
    'crl.pem',
  );
  const facts = parseCrl(openssl.read('crl.pem'));
  expect(facts).toMatchObject({ issuer: 'O=Elsewhere, CN=ca', serials: new Set(['0abc']) });
  expect(facts.nextUpdateMs! - facts.thisUpdateMs).toBe(3 * 86_400_000);
  expect(verifyCrl(openssl.read('crl.pem'), openssl.read('ca.pem'))).toBe(true);
});

test('what is no list is an error, never an empty list', async () => {
  const pem = await createCrl(order(['01']));
  for (const bad of [
    '',
    'x',
    authority.caPem,
    pem + pem,
    pem.slice(0, 100),
    pem.replaceAll('X509 CRL', 'CRL'),
  ]) {
    expect(() => parseCrl(bad)).toThrow(expect.objectContaining({ code: 'CERT_CORRUPT' }));
    expect(() => verifyCrl(bad, authority.issuing.certificatePem)).toThrow(/revocation list/);
  }
});

test('openssl takes a list for what it covers, and finds nothing in it about other certificates', async () => {
  using openssl = opensslFolder();
  const [own, other] = [await authority.issueAgent(), await authority.issueAgent()];
  const client = await authority.issueManagerClient();
  const serialOf = (pem: string) => parseCertificate(pem).serialHex;
  const points = [MANAGER_POINT, certificatePoint(serialOf(own.certificatePem))];
  openssl.write('ca.pem', authority.caPem);
  openssl.write('own.pem', own.certificatePem);
  openssl.write('other.pem', other.certificatePem);
  openssl.write('client.pem', client.certificatePem);
  const list = async (...serials: string[]) =>
    openssl.write('crl.pem', await createCrl({ ...order(serials), points }));
  const verify = (name: string): string =>
    openssl.run('verify', '-x509_strict', '-crl_check', '-CAfile', 'ca.pem', '-CRLfile', 'crl.pem', name);
  await list();
  expect(openssl.run('crl', '-in', 'crl.pem', '-noout', '-text')).toMatch(
    /Issuing Distribution Point: critical\s+Full Name:\s+URI:urn:linux-patch:revocation:manager/,
  );
  expect([verify('own.pem'), verify('client.pem')].join()).toMatch(/own.pem: OK.*client.pem: OK/s);
  expect(() => verify('other.pem')).toThrow(/unable to get certificate CRL|different CRL scope/i);
  await list(serialOf(own.certificatePem), serialOf(client.certificatePem));
  expect(() => verify('own.pem')).toThrow(/certificate revoked/);
  expect(() => verify('client.pem')).toThrow(/certificate revoked/);
});

test('what a list covers is read as it was written', async () => {
  const [own, other, client] = await Promise.all([
    authority.issueAgent(),
    authority.issueAgent(),
    authority.issueManagerClient(),
  ]).then((made) => made.map((one) => parseCertificate(one.certificatePem)));
  const scopeOf = async (points?: string[]) =>
    parseCrl(await createCrl({ ...order([]), ...(points ? { points } : {}) })).scope;
  const about = async (points?: string[]) => {
    const scope = await scopeOf(points);
    const covered = [own!, other!, client!].map((one) => coversCertificate(scope, one));
    return [...covered, coversManager(scope)];
  };
  expect(await about()).toEqual([true, true, true, true]);
  expect(await about([MANAGER_POINT])).toEqual([false, false, true, true]);
  expect(await about([certificatePoint(own!.serialHex)])).toEqual([true, false, false, false]);
  // Certificates from before distribution points were named.
  expect(
    coversCertificate(await scopeOf([certificatePoint('0abc')]), {
      serialHex: '0abc',
      isCa: false,
      revocationPoints: [],
    }),
  ).toBe(true);
});

test.each([
  ['onlyuser=TRUE', true, true, false],
  ['onlyCA=TRUE', false, false, true],
  ['onlyAA=TRUE', false, false, false],
  ['indirectCRL=TRUE', false, false, false],
  ['onlysomereasons=keyCompromise', true, true, true],
  ['fullname=URI:http://elsewhere.test/crl', false, true, false],
  ['fullname=URI:urn:linux-patch:revocation:elsewhere', false, false, false],
])('a list that openssl limits with %s', (limit, aboutHosts, aboutManager, aboutCas) => {
  const facts = parseCrl(opensslCrl(`issuingDistributionPoint=critical,@s\n[s]\n${limit}`));
  const leaf = { serialHex: '0a', isCa: false, revocationPoints: [] };
  expect([
    coversCertificate(facts.scope, leaf),
    coversManager(facts.scope),
    coversCertificate(facts.scope, { ...leaf, isCa: true }),
  ]).toEqual([aboutHosts, aboutManager, aboutCas]);
});

test('a list with a critical extension that nobody understands says nothing', () => {
  expect(() => parseCrl(opensslCrl('2.5.29.27=critical,DER:02:01:05'))).toThrow(/not understood/);
});

/** A list that names 0A, made by openssl with one more extension. */
function opensslCrl(extension: string): string {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'ca', ...NEW_KEY[Object.keys(NEW_KEY)[0]!]!);
  openssl.write('index.txt', 'R\t361231235959Z\t260101000000Z\t0A\tunknown\t/CN=gone\n');
  openssl.write(
    'ca.conf',
    `[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=default\ncrl_extensions=e\n[e]\n${extension}\n`,
  );
  const made = ['-cert', 'ca.pem', '-keyfile', 'ca.key', '-out', 'crl.pem', '-crldays', '3'];
  openssl.run('ca', '-config', 'ca.conf', '-gencrl', ...made);
  return openssl.read('crl.pem');
}
