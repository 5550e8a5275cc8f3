import { describe, expect, it } from 'vitest';
import { fitsHostPattern } from './host-pattern.ts';

describe('a pattern of host names', () => {
  it.each([
    ['web1.example.org', 'web1.example.org'],
    ['WEB1.example.org', 'web1.EXAMPLE.org'],
    ['web*.example.org', 'web1.example.org'],
    ['web*.example.org', 'web.example.org'],
    ['*.example.org', 'db-7.example.org'],
    ['*', 'short'],
    ['a*b*c.example.org', 'axxbyyc.example.org'],
    ['*.*.example.org', 'a.b.example.org'],
  ])('%s fits %s', (pattern, name) => {
    expect(fitsHostPattern(pattern, name)).toBe(true);
  });

  it.each([
    ['web*.example.org', 'db1.example.org'],
    ['*.example.org', 'a.b.example.org'],
    ['*.example.org', 'example.org'],
    ['*', 'web1.example.org'],
    ['web*.example.org', 'web1.example.org.evil.test'],
    ['web*.example.org', 'xweb1.example.org'],
    ['web1.example.org', 'web1xexample.org'],
    ['a*b', 'a'],
  ])('%s does not fit %s', (pattern, name) => {
    expect(fitsHostPattern(pattern, name)).toBe(false);
  });

  it('is decided at once, however many stars it has', () => {
    const before = process.threadCpuUsage();
    expect(fitsHostPattern(`${'*a'.repeat(100)}b`, 'a'.repeat(250))).toBe(false);
    expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
