import { describe, expect, it } from 'vitest';
import { parseExposition } from '../testing/parse-exposition.ts';
import { byLabel, type MetricTraits, oneOf, renderMetrics } from './exposition.ts';
import { AGENT_METRICS, MANAGER_METRICS } from './tables.ts';

const TABLE = {
  plain_total: { type: 'counter', help: 'Back\\slash and\nline.', labels: [] },
  with_labels: { type: 'gauge', help: 'Help.', labels: ['name', 'other'] },
} as const;

describe('the text format', () => {
  it('has help, type and readings, everything escaped', () => {
    const text = renderMetrics(TABLE, {
      plain_total: 3,
      with_labels: [
        { labels: { name: 'a"b\\c\nd', other: '' }, value: -0.5 },
        { labels: { name: 'ü', other: 'x' }, value: Infinity },
      ],
    });
    expect(text).toBe(
      [
        '# HELP plain_total Back\\\\slash and\\nline.',
        '# TYPE plain_total counter',
        'plain_total 3',
        '# HELP with_labels Help.',
        '# TYPE with_labels gauge',
        'with_labels{name="a\\"b\\\\c\\nd",other=""} -0.5',
        'with_labels{name="ü",other="x"} +Inf',
        '',
      ].join('\n'),
    );
  });

  it('says nothing of a metric that has no reading', () => {
    expect(renderMetrics(TABLE, { plain_total: null, with_labels: [] })).toBe('');
  });
});

describe('the strict reader', () => {
  it('reads what was written', () => {
    const text = renderMetrics(TABLE, {
      plain_total: 1.5e-9,
      with_labels: [{ labels: { name: '"\\\n,}', other: 'x' }, value: NaN }],
    });
    const read = parseExposition(text);
    expect(read.get('plain_total')?.values.get('')).toBe(1.5e-9);
    expect([...(read.get('with_labels')?.values.keys() ?? [])]).toEqual(['name="\\"\\\\\\n,}",other="x"']);
  });

  it.each([
    ['', 'does not end'],
    ['# HELP a A.\n# TYPE a gauge\n', 'no value'],
    ['# TYPE a gauge\na 1\n', 'no HELP'],
    ['# HELP a A.\na 1\n', 'no TYPE'],
    ['# HELP a A.\n# TYPE a gauge\nb 1\n', 'no value of a'],
    ['# HELP a A.\n# TYPE a gauge\na 1\na 2\n', 'twice'],
    ['# HELP a A.\n# TYPE a gauge\na{b="c"d"} 1\n', 'no value of a'],
    ['# HELP a A.\n# TYPE a gauge\na one\n', 'no value of a'],
  ])('refuses %j', (text, words) => {
    expect(() => parseExposition(text)).toThrow(words);
  });
});

describe('readings', () => {
  it('of a closed set have every member', () => {
    expect(oneOf('state', ['a', 'b'], 'b')).toEqual([
      { labels: { state: 'a' }, value: 0 },
      { labels: { state: 'b' }, value: 1 },
    ]);
  });

  it('are made from counts', () => {
    expect(byLabel('code', new Map([['X', 2]]))).toEqual([{ labels: { code: 'X' }, value: 2 }]);
  });
});

describe('the tables', () => {
  const all = Object.entries<MetricTraits>({ ...AGENT_METRICS, ...MANAGER_METRICS });

  it.each(all)('%s is named as Prometheus wants it', (name, { type, help, labels }) => {
    expect(name).toMatch(/^(linux_patch_(agent|manager)|process)_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/_(ms|millis|minutes|hours|days|kb|mb|percent)(_|$)/);
    expect(help).toMatch(/\.$/);
    for (const label of labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
  });
});
