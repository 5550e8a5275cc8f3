import { describe, expect, it } from 'vitest';
import type { LeftOut } from '../package-interface/left-out.ts';
import { summaryOf } from './summary.ts';

const left = (name: string, security = false): LeftOut => ({
  name,
  current: '1',
  version: '2',
  security,
  asked: false,
  why: 'refused',
  reason: 'held on this host',
  code: 'DEPENDENCY_CONFLICT',
});
const upgraded = { action: 'upgraded' as const, version_before: '1', version_after: '2' };

describe('the closing message of a job', () => {
  it('says that everything is as asked for only when nothing stays out and nothing is wrong', () => {
    expect(summaryOf({ results: [] })).toBe('Nothing to do: everything is as asked for');
    expect(summaryOf({ results: [], left: [left('toyheld', true)] })).toBe(
      'Nothing was changed. Left out: security update toyheld 2 (held on this host).',
    );
    expect(summaryOf({ results: [], warnings: ['toybroken is not configured.'] })).toBe(
      'Nothing was changed. toybroken is not configured.',
    );
  });

  it('names what was changed, then what stays out, security updates first, then what else is wrong', () => {
    const message = summaryOf({
      results: [{ name: 'toya', ...upgraded }],
      left: [left('toyb'), left('toyz', true)],
      warnings: ['toybroken is not configured.'],
    });
    expect(message).toBe(
      'toya 2 upgraded. Left out: security update toyz 2 (held on this host); toyb 2 (held on this host). toybroken is not configured.',
    );
  });

  it('stays readable however much stays out', () => {
    const many = Array.from({ length: 500 }, (_, index) => left(`toy${String(index).padStart(3, '0')}`));
    const message = summaryOf({ results: [], left: [...many, left('zlib', true)] });
    expect(message).toContain('Left out: security update zlib 2 (held');
    expect(message).toMatch(/; and 481 more\.$/);
  });
});
