import { isPatchError } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { entryText } from './entry.ts';
import { createMatcher } from './matcher.ts';
import { parseAllowList } from './parse.ts';

function textsOf(text: string): string[] {
  return parseAllowList(text, 'w.yaml').map(entryText);
}

function matcherOf(...entries: string[]) {
  const text = `entries: ${JSON.stringify(entries)}`;
  return createMatcher(parseAllowList(text, 'w.yaml'), (name) =>
    name === 'manager.test' ? ['10.9.9.9', 'fd00::9'] : [],
  );
}

describe('whitelist.yaml', () => {
  it('holds addresses, ranges and host names; blank and commented entries are skipped, repeated ones count once', () => {
    const text = [
      'entries:',
      '  - " 10.0.0.1 "',
      '  - ""',
      '  - "# 10.0.0.2"',
      '  - 10.0.0.1',
      '  - "::ffff:10.0.0.1"',
      '  - fd00::/8',
      '  - 0.0.0.0/0',
      '  - Manager.Example.Org.',
      '  - "::ffff:10.1.0.0/112"',
      '',
    ].join('\n');
    expect(textsOf(text)).toEqual([
      '10.0.0.1',
      'fd00::/8',
      '0.0.0.0/0',
      'manager.example.org',
      '10.1.0.0/16',
    ]);
  });

  it.each(['entries: []', 'entries:\n  # - 10.0.0.1\n', 'entries:'])(
    'may be empty and then allows nobody: %j',
    (text) => {
      expect(textsOf(text)).toEqual([]);
    },
  );

  it.each(['', '# entries\n', '{}'])('without entries is a fault: %j', (text) => {
    expect(() => parseAllowList(text, 'w.yaml')).toThrow(/^w\.yaml:1:1 entries: is required/);
  });

  it('reports every fault where it stands', () => {
    const bad = [
      '10.0.0.256',
      '010.0.0.1',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.0/8x',
      'a/8',
      'fe80::1%eth0',
      '*',
      'a b',
      '-x.test',
      '::ffff:10.0.0.0/95',
    ];
    const text = `entries:\n${bad.map((entry) => `  - "${entry}"`).join('\n')}\n  - 10\n  - [x]\nentrys: []\n`;
    try {
      parseAllowList(text, 'w.yaml');
      expect.unreachable();
    } catch (error) {
      if (!isPatchError(error, 'CONFIG_INVALID')) throw error;
      const places = error.message.split('\n').map((line) => line.split(': ', 1)[0]);
      expect(places).toEqual([
        ...bad.map((_, index) => `w.yaml:${index + 2}:5 entries.${index}`),
        'w.yaml:13:5 entries.11',
        'w.yaml:14:5 entries.12',
        'w.yaml:15:1 entrys',
      ]);
      expect(error.message).toContain('w.yaml:15:1 entrys: unknown key (did you mean "entries"?)');
    }
  });
});

describe('the address matcher', () => {
  it.each([
    [['10.0.0.1'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.2', false],
    [['10.0.0.1'], '::ffff:10.0.0.1', true],
    [['10.0.0.1'], '::ffff:a00:1', true],
    [['::ffff:10.0.0.1'], '10.0.0.1', true],
    [['10.1.2.3/8'], '10.255.0.1', true],
    [['10.1.2.3/8'], '11.0.0.1', false],
    [['0.0.0.0/0'], '203.0.113.7', true],
    [['0.0.0.0/0'], '::ffff:203.0.113.7', true],
    [['0.0.0.0/0'], 'fd00::1', false],
    [['::/0'], 'fd00::1', true],
    [['::/0'], '203.0.113.7', false],
    [['::/0'], '::ffff:203.0.113.7', false],
    [['::ffff:0:0/96'], '203.0.113.7', true],
    [['fd00:0:0::1'], 'fd00::1', true],
    [['fe80::1'], 'fe80::1%eth0', true],
    [['fd00::/64'], 'fd00:0:0:1::1', false],
    [['manager.test'], '10.9.9.9', true],
    [['manager.test'], 'fd00::9', true],
    [['unknown.test'], '10.9.9.9', false],
    [['0.0.0.0/0', '::/0'], 'manager.test', false],
    [['0.0.0.0/0', '::/0'], '', false],
    [[], '127.0.0.1', false],
  ])('with %j answers for %s: %s', (entries, address, allowed) => {
    expect(matcherOf(...entries).allows(address)).toBe(allowed);
  });
});
