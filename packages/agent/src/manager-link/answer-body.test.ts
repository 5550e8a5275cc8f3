import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './answer-body.ts';
import { findHttpDateMs } from './http-date.ts';

const SENT = 'Sun, 06 Nov 1994 08:49:37 GMT';

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 06 Nov 1994 08:51:37 GMT', 120_000],
    ['Sunday, 06-Nov-94 08:51:37 GMT', undefined],
    ['Sun Nov  6 08:51:37 1994', 120_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['Sun, 06 Foo 1994 08:51:37 GMT', undefined],
    ['Sun, 06 Nov 1994 25:51:37 GMT', undefined],
  ])('of %s is read', (text, expected) => {
    const read = retryAfterMs({ headers: { 'retry-after': text, date: SENT } });
    // The obsolete form has two digits for the year, which today means this century.
    if (text.startsWith('Sunday')) expect(read).toBeGreaterThan(10 ** 12);
    else expect(read).toBe(expected);
  });

  it('as a date counts from the date of the answer, whatever this host takes for the time', () => {
    const date = 'Fri, 01 Jan 2100 00:00:00 GMT';
    expect(retryAfterMs({ headers: { 'retry-after': 'Fri, 01 Jan 2100 00:04:00 GMT', date } })).toBe(240_000);
    expect(retryAfterMs({ headers: { 'retry-after': 'Fri, 01 Jan 2100 00:04:00 GMT' } })).toBeUndefined();
  });
});

describe('a date of HTTP', () => {
  it('has three forms', () => {
    const at = Date.UTC(2026, 10, 6, 8, 49, 37);
    expect(findHttpDateMs('Fri, 06 Nov 2026 08:49:37 GMT')).toBe(at);
    expect(findHttpDateMs('Friday, 06-Nov-26 08:49:37 GMT')).toBe(at);
    expect(findHttpDateMs('Fri Nov  6 08:49:37 2026')).toBe(at);
    expect(findHttpDateMs('2026-11-06T08:49:37Z')).toBeUndefined();
  });
});
