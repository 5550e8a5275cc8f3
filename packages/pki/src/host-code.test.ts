import { createHash, createHmac, scryptSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import {
  agentTag,
  createHostCode,
  type EnrollmentTranscript,
  equalTags,
  managerApprovedTag,
  managerDeniedTag,
  normalizeHostCode,
  stretchHostCode,
  transcriptHash,
} from './host-code.ts';

const NONCE = Buffer.alloc(32, 7).toString('base64url');
const TRANSCRIPT: EnrollmentTranscript = {
  v: 1,
  machine_id: '0123456789abcdef0123456789abcdef',
  fqdn: 'web1.example.test',
  ip_address: '10.0.0.5',
  hostname: 'web1',
  spki_sha256: 'c3BraQ',
  nonce_a: NONCE,
};
const KEY = Buffer.alloc(32, 1);
const BUNDLE = {
  transcriptHash: transcriptHash(TRANSCRIPT),
  nonceM: 'bm9uY2U',
  serverCrt: 'server',
  caCrt: 'ca',
  caChain: 'chain',
  crlPem: '',
  managerClient: { cn: 'patch-manager-client', spki: ['a', 'b'] },
};

test('a host code spells ten bytes in Crockford base32, most significant bit first', () => {
  expect(createHostCode(new Uint8Array(10))).toBe('0000-0000-0000-0000');
  expect(createHostCode(new Uint8Array(10).fill(255))).toBe('ZZZZ-ZZZZ-ZZZZ-ZZZZ');
  expect(createHostCode(Uint8Array.from([0x08, 0x42, 0x10, 0x84, 0x21, 0, 0, 0, 0, 0x1f]))).toBe(
    '1111-1111-0000-000Z',
  );
  expect(() => createHostCode(new Uint8Array(9))).toThrow(RangeError);
});

test('a typed host code is understood with other case, spaces, no dashes and look-alike letters', () => {
  for (const typed of ['k7gq-4k2m-xr0p-9tad', 'K7GQ4K2MXR0P9TAD', ' K7GQ 4K2M XROP 9TAD\n']) {
    expect(normalizeHostCode(typed)).toBe('K7GQ-4K2M-XR0P-9TAD');
  }
  expect(normalizeHostCode('ilIL-0000-oooo-0000')).toBe('1111-0000-0000-0000');
  for (const wrong of [
    '',
    'K7GQ-4K2M-XR0P-9TA',
    'K7GQ-4K2M-XR0P-9TADD',
    'U7GQ-4K2M-XR0P-9TAD',
    'K7GQ_4K2M-XR0P-9TAD',
  ]) {
    expect(normalizeHostCode(wrong)).toBeUndefined();
  }
});

test('both sides stretch the same code to the same key, however it was typed', async () => {
  const key = await stretchHostCode('K7GQ-4K2M-XR0P-9TAD', NONCE);
  const salt = Buffer.concat([Buffer.from('lpe1'), Buffer.alloc(32, 7)]);
  const expected = scryptSync('K7GQ-4K2M-XR0P-9TAD', salt, 32, { N: 32768, r: 8, p: 1, maxmem: 2 ** 26 });
  expect(Buffer.compare(key, expected)).toBe(0);
  expect(Buffer.compare(await stretchHostCode('k7gq4k2mxrop9tad', NONCE), expected)).toBe(0);
});

test('stretching refuses what cannot be a code or a nonce, without repeating the code', async () => {
  const wrongCode = stretchHostCode('SECRET-TYPED', NONCE);
  await expect(wrongCode).rejects.toMatchObject({
    code: 'CODE_MISMATCH',
    message: expect.not.stringContaining('SECRET'),
  });
  await expect(stretchHostCode('K7GQ-4K2M-XR0P-9TAD', 'not base64!')).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
  await expect(stretchHostCode('K7GQ-4K2M-XR0P-9TAD', 'c2hvcnQ')).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
});

test('canonical JSON sorts members by UTF-16 and writes numbers and strings as RFC 8785 does', () => {
  const value = {
    '€': 'Euro',
    '\r': 'CR',
    '1': [true, null, 333333333.3333333, 1e30, -0],
    a: { z: 1, b: '\u000f"\\' },
  };
  const expected = String.raw`{"\r":"CR","1":[true,null,333333333.3333333,1e+30,0],"a":{"b":"\u000f\"\\","z":1},"€":"Euro"}`;
  expect(canonicalJson(value)).toBe(expected);
  expect(() => canonicalJson(Number.NaN)).toThrow(RangeError);
  expect(() => canonicalJson('\ud800')).toThrow(RangeError);
});

test('the transcript hash covers every member and ignores order and strangers', () => {
  const { v, ...rest } = TRANSCRIPT;
  const hash = (transcript: EnrollmentTranscript): string =>
    Buffer.from(transcriptHash(transcript)).toString('hex');
  const text =
    `{"fqdn":"web1.example.test","hostname":"web1","ip_address":"10.0.0.5",` +
    `"machine_id":"0123456789abcdef0123456789abcdef","nonce_a":"${NONCE}","spki_sha256":"c3BraQ","v":1}`;
  expect(hash(TRANSCRIPT)).toBe(createHash('sha256').update(text).digest('hex'));
  expect(hash({ ...rest, v, stranger: 'x' } as EnrollmentTranscript)).toBe(hash(TRANSCRIPT));
  for (const member of ['machine_id', 'fqdn', 'ip_address', 'hostname', 'spki_sha256', 'nonce_a'] as const) {
    expect(hash({ ...TRANSCRIPT, [member]: `${TRANSCRIPT[member]}x` })).not.toBe(hash(TRANSCRIPT));
  }
});

test('the agent tag is HMAC-SHA256 over label and transcript hash', () => {
  const expected = createHmac('sha256', KEY)
    .update('lpe1/agent')
    .update(BUNDLE.transcriptHash)
    .digest('base64url');
  expect(agentTag(KEY, BUNDLE.transcriptHash)).toBe(expected);
});

test('the approval tag changes with every member, and with a member moved, emptied or left out', () => {
  const variants = [
    BUNDLE,
    { ...BUNDLE, nonceM: 'b3RoZXI' },
    { ...BUNDLE, serverCrt: 'other' },
    { ...BUNDLE, caCrt: 'cachain', caChain: '' },
    { ...BUNDLE, caCrt: 'chain', caChain: 'ca' },
    { ...BUNDLE, crlPem: undefined },
    { ...BUNDLE, crlPem: 'crl' },
    { ...BUNDLE, managerClient: undefined },
    { ...BUNDLE, managerClient: { cn: 'other', spki: ['a', 'b'] } },
    { ...BUNDLE, transcriptHash: transcriptHash({ ...TRANSCRIPT, fqdn: 'evil' }) },
  ];
  expect(new Set(variants.map((variant) => managerApprovedTag(KEY, variant))).size).toBe(variants.length);
  const reordered = { ...BUNDLE, managerClient: { spki: ['a', 'b'], cn: 'patch-manager-client' } };
  expect(managerApprovedTag(KEY, reordered)).toBe(managerApprovedTag(KEY, BUNDLE));
});

test('a refusal has a tag of its own that binds the reason', () => {
  const denial = { transcriptHash: BUNDLE.transcriptHash, nonceM: BUNDLE.nonceM, reason: 'unknown host' };
  const tag = managerDeniedTag(KEY, denial);
  expect(tag).not.toBe(managerDeniedTag(KEY, { ...denial, reason: 'other' }));
  expect(tag).not.toBe(managerDeniedTag(KEY, { ...denial, reason: undefined }));
});

test('tags compare equal only when both are the same 32 bytes in canonical base64url', () => {
  const tag = agentTag(KEY, BUNDLE.transcriptHash);
  expect(equalTags(tag, tag)).toBe(true);
  expect(equalTags(tag, agentTag(Buffer.alloc(32, 2), BUNDLE.transcriptHash))).toBe(false);
  for (const bad of ['', 'AAAA', `${tag}=`, `${tag} `, tag.slice(1), '!'.repeat(43)]) {
    expect(equalTags(tag, bad)).toBe(false);
    expect(equalTags(bad, bad)).toBe(false);
  }
});
