import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { generateKey, publicKeySpki } from './keys.ts';
import { signProof, verifyProof } from './proofs.ts';

const NOW_S = 1_800_000_000;
const REQUEST = { label: 'lpe1/poll', method: 'GET', path: '/api/v1/enroll/status', token: 'T0ken' } as const;
let privateKeyPem: string;
let spki: Uint8Array;

beforeAll(async () => {
  privateKeyPem = await generateKey();
  spki = publicKeySpki(privateKeyPem);
});

function proofOf(request: Parameters<typeof signProof>[0] | object = {}): string {
  return signProof({ ...REQUEST, privateKeyPem, timestampS: NOW_S, nonce: Buffer.alloc(12, 9), ...request });
}

test('a proof holds for its own request', () => {
  const header = proofOf();
  expect(header).toMatch(/^v=1; ts=1800000000; n=[\w-]{16}; sig=[\w-]{86}$/);
  expect(verifyProof({ ...REQUEST, header, spki, nowS: NOW_S })).toBe('ok');
  expect(verifyProof({ ...REQUEST, method: 'get', body: '', header, spki, nowS: NOW_S })).toBe('ok');
});

test('a proof is worthless for another purpose, method, path, token, body or key', async () => {
  const header = proofOf({ body: '{"a":1}' });
  const right = { ...REQUEST, body: Buffer.from('{"a":1}'), header, spki, nowS: NOW_S };
  expect(verifyProof(right)).toBe('ok');
  const otherKey = publicKeySpki(await generateKey());
  for (const change of [
    { label: 'lpe1/ack' as const },
    { method: 'POST' },
    { path: '/api/v1/enroll/status/x' },
    { token: 'T0ken2' },
    { body: '{"a":2}' },
    { spki: otherKey },
    { header: header.replace('ts=1800000000', 'ts=1800000001') },
  ]) {
    expect(verifyProof({ ...right, ...change })).toBe('bad_signature');
  }
});

test('a proof from a wrong clock is told apart from a forged one', () => {
  const header = proofOf();
  expect(verifyProof({ ...REQUEST, header, spki, nowS: NOW_S + 600 })).toBe('ok');
  expect(verifyProof({ ...REQUEST, header, spki, nowS: NOW_S + 601 })).toBe('clock_off');
  expect(verifyProof({ ...REQUEST, header, spki, nowS: NOW_S - 31, toleranceS: 30 })).toBe('clock_off');
  expect(verifyProof({ ...REQUEST, token: 'forged', header, spki, nowS: 0 })).toBe('bad_signature');
});

test('a header of any other form is malformed', () => {
  const good = proofOf();
  for (const header of [
    '',
    'v=1',
    good.replace('v=1', 'v=2'),
    `${good};`,
    `${good}=`,
    good.replace(/n=.*?;/, 'n=;'),
  ]) {
    expect(verifyProof({ ...REQUEST, header, spki, nowS: NOW_S })).toBe('malformed');
  }
});

test.each([
  ['Ed25519', () => generateKeyPairSync('ed25519')],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
])('a proof can be made with a %s key', (_name, generate) => {
  const pem = generate().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const header = proofOf({ privateKeyPem: pem });
  expect(verifyProof({ ...REQUEST, header, spki: publicKeySpki(pem), nowS: NOW_S })).toBe('ok');
  expect(verifyProof({ ...REQUEST, header, spki, nowS: NOW_S })).toBe('bad_signature');
});

test('a path that could smuggle in another line is refused', () => {
  expect(() => proofOf({ path: '/a\nb' })).toThrow(/line break/);
  expect(() => proofOf({ nonce: Buffer.alloc(4) })).toThrow(RangeError);
  expect(() => proofOf({ timestampS: 1.5 })).toThrow(RangeError);
});
