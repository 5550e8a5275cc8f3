import { beforeAll, expect, test } from 'vitest';
import { opensslFolder, opensslIssued, opensslSelfSigned } from '../test/openssl.ts';
import { type CertificateFacts, parseCertificate } from './certificates.ts';
import { buildChain } from './chain.ts';
import { issueCertificate } from './issue.ts';
import { publicKeySpki } from './keys.ts';
import { issuingProfile } from './profiles.ts';
import { type TestAuthority, testAuthority } from './testing/index.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
let authority: TestAuthority;
let leaf: CertificateFacts;
let issuing: CertificateFacts;
let root: CertificateFacts;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  leaf = parseCertificate((await authority.issueAgent()).certificatePem);
  issuing = parseCertificate(authority.issuing.certificatePem);
  root = parseCertificate(authority.root.certificatePem);
});

function untrusted(message: RegExp): unknown {
  return expect.objectContaining({ code: 'CERT_UNTRUSTED', message: expect.stringMatching(message) });
}

test('a chain goes from leaf to root, wherever the issuing CA comes from', () => {
  expect(buildChain({ leaf, intermediates: [issuing], roots: [root], now: NOW })).toEqual([
    leaf,
    issuing,
    root,
  ]);
  expect(buildChain({ leaf, intermediates: [], roots: [root, issuing], now: NOW })).toEqual([
    leaf,
    issuing,
    root,
  ]);
});

test('an issuing CA alone can be the trust anchor', () => {
  expect(buildChain({ leaf, intermediates: [], roots: [issuing], now: NOW })).toEqual([leaf, issuing]);
});

test('a missing issuer and an unknown root are named', () => {
  const missing = () => buildChain({ leaf, intermediates: [], roots: [root], now: NOW });
  expect(missing).toThrow(untrusted(/issuer "CN=Test Issuing CA" is missing/));
  const unknownRoot = () => buildChain({ leaf, intermediates: [issuing, root], roots: [], now: NOW });
  expect(unknownRoot).toThrow(untrusted(/ends at "CN=Test Root CA", which is not among the trusted CAs/));
});

test('a CA of the same name but another key is found out by the signature', async () => {
  const other = await testAuthority({ now: NOW });
  const impostor = parseCertificate(other.issuing.certificatePem);
  const attempt = () => buildChain({ leaf, intermediates: [impostor], roots: [root], now: NOW });
  expect(attempt).toThrow(
    untrusted(/signature on "CN=host.example.test-server" was not made by "CN=Test Issuing CA"/),
  );
  const both = [impostor, issuing];
  expect(buildChain({ leaf, intermediates: both, roots: [root], now: NOW })).toEqual([leaf, issuing, root]);
});

test('dates are checked on every certificate, with five minutes of grace for a slow clock', () => {
  const at = (now: number) => () => buildChain({ leaf, intermediates: [issuing], roots: [root], now });
  expect(at(leaf.notAfterMs)).not.toThrow();
  expect(at(leaf.notAfterMs + 1)).toThrow(untrusted(/server" expired on 2027-06-01/));
  expect(at(leaf.notBeforeMs - 300_000)).not.toThrow();
  expect(at(leaf.notBeforeMs - 300_001)).toThrow(untrusted(/not valid before/));
});

test('an expired CA is passed over for its renewed certificate', async () => {
  const renewedPem = await issueCertificate({
    profile: issuingProfile('Test Issuing CA'),
    subjectSpki: publicKeySpki(authority.issuing.privateKeyPem),
    issuer: authority.root,
    serial: '77',
    now: NOW + 1000 * DAY_MS,
  });
  const renewed = parseCertificate(renewedPem);
  const now = NOW + 1200 * DAY_MS;
  const late = parseCertificate(
    (await authority.issueAgent({}, { now: NOW + 1000 * DAY_MS, lifetimeMs: 400 * DAY_MS })).certificatePem,
  );
  expect(late.notAfterMs).toBe(issuing.notAfterMs);
  expect(
    buildChain({ leaf, intermediates: [issuing, renewed], roots: [root], now: NOW + DAY_MS * 300 })[1]
      ?.subject,
  ).toBe('CN=Test Issuing CA');
  expect(() => buildChain({ leaf, intermediates: [issuing], roots: [root], now })).toThrow(
    untrusted(/expired/),
  );
});

test('a leaf cannot act as issuer, and path length 0 allows no CA below', () => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'root', '-days', '9000');
  opensslIssued(openssl, 'narrow', 'root', { extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0'] });
  opensslIssued(openssl, 'below', 'narrow', { extensions: ['basicConstraints=critical,CA:TRUE'] });
  opensslIssued(openssl, 'end', 'below');
  opensslIssued(openssl, 'plain', 'root');
  opensslIssued(openssl, 'forged', 'plain');
  const facts = (name: string): CertificateFacts => parseCertificate(openssl.read(`${name}.pem`));
  const roots = [facts('root')];
  const now = Date.now();
  const tooDeep = () =>
    buildChain({ leaf: facts('end'), intermediates: [facts('below'), facts('narrow')], roots, now });
  expect(tooDeep).toThrow(untrusted(/"CN=narrow".* allows only 0 CA certificates below/));
  const byLeaf = () => buildChain({ leaf: facts('forged'), intermediates: [facts('plain')], roots, now });
  expect(byLeaf).toThrow(untrusted(/"CN=plain".* is not a CA/));
});

test('a CA that may not sign certificates, and a SHA-1 signature, are refused', () => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'crlonly', '-addext', 'keyUsage=critical,cRLSign');
  opensslIssued(openssl, 'a', 'crlonly');
  opensslSelfSigned(openssl, 'rsa', '-newkey', 'rsa:2048');
  opensslIssued(openssl, 'b', 'rsa');
  const sha1 = ['-CA', 'rsa.pem', '-CAkey', 'rsa.key', '-CAcreateserial', '-sha1'];
  openssl.run('x509', '-req', '-in', 'b.csr', '-out', 'b.pem', ...sha1);
  const attempt = (name: string, root: string) => () =>
    buildChain({
      leaf: parseCertificate(openssl.read(`${name}.pem`)),
      intermediates: [],
      roots: [parseCertificate(openssl.read(`${root}.pem`))],
      now: Date.now(),
    });
  expect(attempt('a', 'crlonly')).toThrow(untrusted(/is not a CA that may sign/));
  expect(attempt('b', 'rsa')).toThrow(untrusted(/sha1.*can be forged/i));
});

test('a self-signed leaf is not trusted because it is in the CA file', () => {
  using openssl = opensslFolder();
  opensslSelfSigned(openssl, 'self', '-addext', 'basicConstraints=critical,CA:FALSE');
  const self = parseCertificate(openssl.read('self.pem'));
  const attempt = () => buildChain({ leaf: self, intermediates: [], roots: [self], now: Date.now() });
  expect(attempt).toThrow(untrusted(/self-signed/));
});
