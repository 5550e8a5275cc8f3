import { describe, expect, it } from 'vitest';
import { lineLogger } from './node/logger.ts';

function collect(level: 'debug' | 'info' = 'info') {
  const lines: string[] = [];
  return { lines, logger: lineLogger({ level, sink: (line) => lines.push(line) }) };
}

describe('the logger', () => {
  it('never prints a secret, at any depth', () => {
    const { lines, logger } = collect();
    logger.info('enrolled', {
      polling_token: 'AAA',
      nested: { host_code: 'BBB', list: [{ secret: 'CCC' }] },
    });
    expect(lines[0]).not.toMatch(/AAA|BBB|CCC/);
    expect(lines[0]).toContain('[redacted]');
  });

  it('keeps one record on one line', () => {
    const { lines, logger } = collect();
    logger.warn('odd answer', { excerpt: 'a\nb "c"' });
    expect(lines).toEqual(['odd answer excerpt="a\\nb \\"c\\""']);
  });

  it('says nothing below its level and adds its own fields above', () => {
    const { lines, logger } = collect();
    logger.with({ part: 'jobs' }).debug('hidden');
    logger.with({ part: 'jobs' }).error('shown', { error: new Error('why') });
    expect(lines).toEqual(['shown part=jobs error={"name":"Error","message":"why"}']);
  });
});
