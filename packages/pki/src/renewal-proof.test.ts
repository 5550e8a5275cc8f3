import { beforeAll, expect, test } from 'vitest';
import { parseCertificate } from './certificates.ts';
import { buildChain } from './chain.ts';
import { generateKey } from './keys.ts';
import { createRenewalProof, verifyRenewalProof } from './renewal-proof.ts';
import { createRequest } from './request.ts';
import { type TestAuthority, type TestIdentity, testAuthority } from './testing/index.ts';

const NOW = Date.UTC(2026, 5, 1);
const NOW_S = NOW / 1000;
const AUDIENCE = 'https://manager.example.test:8443/api/v1/enroll/renew';
let authority: TestAuthority;
let agent: TestIdentity;
let csrPem: string;
let jws: string;

function proof(change: object = {}): string {
  return createRenewalProof({
    privateKeyPem: agent.privateKeyPem,
    certificateChainPem: agent.chainPem,
    audience: AUDIENCE,
    csrPem,
    nowS: NOW_S,
    jti: 'c0ffee00-1',
    ...change,
  });
}

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  agent = await authority.issueAgent();
  const names = { commonName: 'host', dnsNames: ['host.example.test'], ipAddresses: ['127.0.0.1'] };
  csrPem = await createRequest({ privateKeyPem: await generateKey(), ...names });
  jws = proof();
});

test('the holder of the current key proves a renewal, and the chain leads to our root', () => {
  const verified = verifyRenewalProof({ jws, audience: AUDIENCE, csrPem, nowS: NOW_S });
  expect(verified.jti).toBe('c0ffee00-1');
  expect(verified.certificate.pem).toBe(parseCertificate(agent.certificatePem).pem);
  const [leaf, ...intermediates] = verified.chain;
  const roots = [parseCertificate(authority.root.certificatePem)];
  expect(buildChain({ leaf: leaf!, intermediates, roots, now: NOW })).toHaveLength(3);
});

test('a proof for another request or another address is refused', async () => {
  const names = { commonName: 'host', dnsNames: [], ipAddresses: [] };
  const otherCsr = await createRequest({ privateKeyPem: await generateKey(), ...names });
  const verify = (change: object) => () =>
    verifyRenewalProof({ jws, audience: AUDIENCE, csrPem, nowS: NOW_S, ...change });
  expect(verify({ csrPem: otherCsr })).toThrow(/another certificate request/);
  expect(verify({ audience: `${AUDIENCE}/` })).toThrow(/another address/);
  expect(verify({ audience: 'x' })).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
});

test('a proof is good for a minute and five minutes of skew, and says both times when not', () => {
  const at = (nowS: number) => () => verifyRenewalProof({ jws, audience: AUDIENCE, csrPem, nowS });
  expect(at(NOW_S + 360)).not.toThrow();
  expect(at(NOW_S - 300)).not.toThrow();
  expect(at(NOW_S + 361)).toThrow(
    /made at 2026-06-01T00:00:00.000Z, but here it is 2026-06-01T00:06:01.000Z/,
  );
  expect(at(NOW_S - 301)).toThrow(/clocks/);
});

test('a proof signed with another key than that of its certificate is refused', async () => {
  const forged = proof({ privateKeyPem: await generateKey() });
  expect(() => verifyRenewalProof({ jws: forged, audience: AUDIENCE, csrPem, nowS: NOW_S })).toThrow(
    /not signed/,
  );
});

test('a token without signature, with a weaker algorithm or longer life, or that is none, is refused', () => {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const decode = (part: string): object => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const none = encode({ ...decode(header), alg: 'none' });
  const hmac = encode({ ...decode(header), alg: 'HS256' });
  const noChain = encode({ ...decode(header), x5c: ['AAAA'] });
  const longer = encode({ ...decode(payload), exp: NOW_S + 86_400 });
  const tokens = [
    '',
    'a.b',
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${hmac}.${payload}.${signature}`,
    `${noChain}.${payload}.${signature}`,
    `${header}.${longer}.${signature}`,
    `${jws}.x`,
    `${header}.${payload}.${signature}=`,
    'x'.repeat(70_000),
  ];
  for (const token of tokens) {
    const verify = () => verifyRenewalProof({ jws: token, audience: AUDIENCE, csrPem, nowS: NOW_S });
    expect(verify).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
  }
});
