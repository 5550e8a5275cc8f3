import { describe, expect, it } from 'vitest';
import { base32, findStep, totpCode, totpUri } from './totp.ts';

const SECRET = Buffer.from('12345678901234567890');
const NOW_MS = 1_111_111_111_000;

describe('a code', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at %d s is as in RFC 6238, appendix B', (seconds, code) => {
    expect(totpCode(SECRET, Math.floor(seconds / 30))).toBe(code);
  });

  it('counts a step before and after its own, and no further', () => {
    const step = Math.floor(NOW_MS / 30_000);
    const found = [-2, -1, 0, 1, 2].map((distance) =>
      findStep(SECRET, totpCode(SECRET, step + distance), { nowMs: NOW_MS, lastStep: null }),
    );
    expect(found).toEqual([undefined, step - 1, step, step + 1, undefined]);
  });

  it('counts once, and none before one that was used', () => {
    const step = Math.floor(NOW_MS / 30_000);
    for (const used of [step, step + 1])
      expect(findStep(SECRET, totpCode(SECRET, step), { nowMs: NOW_MS, lastStep: used })).toBeUndefined();
    expect(findStep(SECRET, totpCode(SECRET, step), { nowMs: NOW_MS, lastStep: step - 1 })).toBe(step);
  });

  it.each(['', '05047', '0504711', '050472', '０５０４７１'])('is not %j', (code) => {
    expect(findStep(SECRET, code, { nowMs: NOW_MS, lastStep: null })).toBeUndefined();
  });
});

describe('what an authenticator reads', () => {
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('has %j in base32 as in RFC 4648, section 10', (text, expected) => {
    expect(base32(Buffer.from(text))).toBe(expected);
  });

  it('names the key, the person and the product', () => {
    expect(totpUri('ada@example.org', SECRET)).toBe(
      'otpauth://totp/Linux%20Patch:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Linux%20Patch',
    );
  });
});
