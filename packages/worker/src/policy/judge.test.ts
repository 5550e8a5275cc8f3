import { describe, expect, it } from 'vitest';
import type { AskedChange, PackageOrigin, SourcedStep } from '../package-interface/change-policy.ts';
import { judgeAsked, judgeMoment, judgePackage, judgeReading, judgeSteps, looksAtSteps } from './judge.ts';
import type { Policy } from './policy.ts';
import { PolicySchema } from './schema.ts';

/** Keys are one line each, in their order, as in a file of one line a key. */
function policy(values: Record<string, unknown>): Policy {
  const lines = new Map(Object.keys(values).map((key, index) => [key, index + 1]));
  const lineOf = (key: string) => lines.get(key.split('.')[0] ?? key);
  return { file: '/etc/policy.yaml', written: true, values: PolicySchema.parse(values), lineOf };
}

const asked = (given: Partial<AskedChange>): AskedChange => ({
  operations: ['update'],
  names: [],
  allowRemovals: false,
  overrides: [],
  ...given,
});

const DEBIAN: PackageOrigin = {
  origin: 'Debian',
  label: 'Debian',
  suite: 'stable',
  codename: 'trixie',
  site: 'deb.debian.org',
};
const SECURITY: PackageOrigin = { ...DEBIAN, label: 'Debian-Security', suite: 'stable-security' };
const VENDOR: PackageOrigin = { ...DEBIAN, origin: 'Vendor', label: 'Vendor', site: 'apt.vendor.example' };

function step(given: Partial<SourcedStep>): SourcedStep {
  return {
    action: 'upgrade',
    name: 'toy',
    architecture: 'amd64',
    from: '1',
    to: '2',
    purge: false,
    asked: true,
    origins: [DEBIAN],
    ...given,
  };
}
const gone = (given: Partial<SourcedStep> = {}): SourcedStep =>
  step({ action: 'remove', to: null, origins: [], ...given });

describe('a policy that says nothing', () => {
  it('forbids nothing of packages but downgrades, and looks at no steps', () => {
    const open = policy({});
    const everything = asked({
      operations: ['update', 'install', 'remove', 'reboot'],
      allowRemovals: true,
      overrides: ['holds'],
    });
    expect(judgeAsked(open, { ...everything, overrides: ['downgrades'] })?.rule).toBe('downgrades');
    expect(judgeAsked(open, everything)).toBeUndefined();
    expect(judgeSteps(open, [step({ origins: [undefined] }), gone({ asked: false })])).toBeUndefined();
    expect(judgeMoment(open, { epochMs: 0, hostZone: undefined, clockFault: 'it is 1970' })).toBeUndefined();
    expect(looksAtSteps(open)).toBe(false);
  });

  it('lets no service be restarted; that has to be allowed', () => {
    const restart = asked({ operations: ['restart-service'], names: [] });
    expect(judgeAsked(policy({}), restart)).toMatchObject({ rule: 'allowed_operations', line: null });
    expect(judgeAsked(policy({ allowed_operations: ['restart-service'] }), restart)).toBeUndefined();
    expect(judgeAsked(policy({ allowed_operations: ['update'] }), restart)?.rule).toBe('allowed_operations');
  });
});

describe('what is asked for', () => {
  it.each<
    readonly [
      what: string,
      values: Record<string, unknown>,
      change: Partial<AskedChange>,
      rule: string | undefined,
    ]
  >([
    ['an operation that is allowed', { allowed_operations: ['update'] }, {}, undefined],
    [
      'one that is not',
      { allowed_operations: ['update'] },
      { operations: ['install'] },
      'allowed_operations',
    ],
    ['anything where nothing is', { allowed_operations: [] }, {}, 'allowed_operations'],
    [
      'a reboot after updates where only updates are',
      { allowed_operations: ['update'] },
      { operations: ['update', 'reboot'] },
      'allowed_operations',
    ],
    [
      'a package that is never touched',
      { excluded_packages: ['toy*'] },
      { names: ['toylib'] },
      'excluded_packages',
    ],
    [
      'the same with its architecture',
      { excluded_packages: ['toylib'] },
      { names: ['toylib:i386'] },
      'excluded_packages',
    ],
    [
      'an architecture of a package',
      { excluded_packages: ['toylib:i386'] },
      { names: ['toylib:i386'] },
      'excluded_packages',
    ],
    [
      'another architecture of it',
      { excluded_packages: ['toylib:i386'] },
      { names: ['toylib:amd64'] },
      undefined,
    ],
    ...['toylib', 'toylib:all', 'toylib:any', 'toylib:native'].map(
      (name) =>
        [
          `a name that may be of any architecture: ${name}`,
          { excluded_packages: ['toy*:i386'] },
          { names: [name] },
          'excluded_packages',
        ] as const,
    ),
    ['a name that only begins like it', { excluded_packages: ['toy'] }, { names: ['toylib'] }, undefined],
    [
      'the removal of what is named',
      { removals: 'named' },
      { operations: ['remove'], names: ['toy'] },
      undefined,
    ],
    ['the removal of what nobody named', { removals: 'named' }, { allowRemovals: true }, 'removals'],
    [
      'a removal where there are none',
      { removals: 'none' },
      { operations: ['remove'], names: ['toy'] },
      'removals',
    ],
    ['removals on the way where there are none', { removals: 'none' }, { allowRemovals: true }, 'removals'],
    ['older versions', { downgrades: 'none' }, { overrides: ['downgrades'] }, 'downgrades'],
    ['older versions where they may be', { downgrades: 'any' }, { overrides: ['downgrades'] }, undefined],
    ['what is held', { holds: 'kept' }, { overrides: ['holds'] }, 'holds'],
  ])('%s', (_what, values, change, rule) => {
    expect(judgeAsked(policy(values), asked(change))?.rule).toBe(rule);
  });

  it('is denied with the place of the rule, what it says, and the packages', () => {
    const strict = policy({ removals: 'any', excluded_packages: ['linux-image-*'] });
    expect(judgeAsked(strict, asked({ names: ['toy', 'linux-image-6.12'] }))).toEqual({
      rule: 'excluded_packages',
      file: '/etc/policy.yaml',
      line: 2,
      reason: 'linux-image-6.12 ("linux-image-*") is never touched',
      packages: ['linux-image-6.12'],
    });
    expect(
      judgeAsked(policy({ allowed_operations: ['update'] }), asked({ operations: ['install'] }))?.reason,
    ).toBe('install may not be asked for from outside, only update');
  });
});

describe('the steps of a change', () => {
  it.each<
    readonly [what: string, values: Record<string, unknown>, steps: SourcedStep[], rule: string | undefined]
  >([
    [
      'that touch what is excluded',
      { excluded_packages: ['toy'] },
      [step({ asked: false })],
      'excluded_packages',
    ],
    ['that remove what is excluded', { excluded_packages: ['toy'] }, [gone()], 'excluded_packages'],
    ['of an excluded architecture', { excluded_packages: ['toy:amd64'] }, [step({})], 'excluded_packages'],
    [
      'of a package for all architectures where one is excluded',
      { excluded_packages: ['toy:amd64'] },
      [step({ architecture: 'all' })],
      'excluded_packages',
    ],
    ['of another architecture', { excluded_packages: ['toy:i386'] }, [step({})], undefined],
    ['of a source that is allowed', { allowed_origins: [{ origin: 'Debian' }] }, [step({})], undefined],
    [
      'of sources that are all allowed',
      { allowed_origins: [{ origin: 'Deb*' }] },
      [step({ origins: [DEBIAN, SECURITY] })],
      undefined,
    ],
    [
      'of a version that another source has as well',
      { allowed_origins: [{ label: 'Debian-Security' }] },
      [step({ origins: [SECURITY, VENDOR] })],
      'allowed_origins',
    ],
    [
      'of a source that fits an entry in part',
      { allowed_origins: [{ origin: 'Debian', site: 'security.debian.org' }] },
      [step({})],
      'allowed_origins',
    ],
    [
      'of a source of which nothing is known',
      { allowed_origins: [{ origin: '*' }] },
      [step({ origins: [undefined] })],
      'allowed_origins',
    ],
    [
      'of no source at all',
      { allowed_origins: [{ origin: '*' }] },
      [step({ origins: [] })],
      'allowed_origins',
    ],
    [
      'of a source that does not say what is asked',
      { allowed_origins: [{ label: '*' }] },
      [step({ origins: [{ ...DEBIAN, label: undefined }] })],
      'allowed_origins',
    ],
    [
      'that only remove, whatever sources are allowed',
      { allowed_origins: [{ origin: 'Debian' }] },
      [gone()],
      undefined,
    ],
    ['that remove what was named', { removals: 'named' }, [gone()], undefined],
    [
      'that remove what nobody named',
      { removals: 'named' },
      [step({}), gone({ name: 'other', asked: false })],
      'removals',
    ],
    [
      'that give an older version',
      { removals: 'none' },
      [step({ action: 'downgrade', from: '2', to: '1' })],
      'downgrades',
    ],
    [
      'that may give an older version',
      { removals: 'none', downgrades: 'any' },
      [step({ action: 'downgrade', from: '2', to: '1' })],
      undefined,
    ],
    ['that remove where nothing is removed', { removals: 'none' }, [gone()], 'removals'],
  ])('%s', (_what, values, steps, rule) => {
    expect(looksAtSteps(policy(values))).toBe(true);
    expect(judgeSteps(policy(values), steps)?.rule).toBe(rule);
  });

  it('say which source it is', () => {
    const strict = policy({ allowed_origins: [{ origin: 'Debian' }] });
    expect(judgeSteps(strict, [step({ origins: [VENDOR] })])?.reason).toBe(
      'toy 2 would come from the source with origin Vendor, label Vendor, suite stable, codename trixie, site apt.vendor.example, which is not allowed',
    );
  });
});

describe('the moment', () => {
  const windows = [{ days: ['sun'], from: '02:00', to: '04:00' }];
  const open = Date.parse('2026-11-29T01:30:00Z');
  const closed = Date.parse('2026-11-28T12:00:00Z');
  const host = { hostZone: 'Europe/Berlin', clockFault: undefined };

  it('is in a window or not, and then it is said when the next opens', () => {
    const weekly = policy({ windows });
    expect(judgeMoment(weekly, { epochMs: open, ...host })).toBeUndefined();
    expect(judgeMoment(weekly, { epochMs: closed, ...host })).toMatchObject({
      rule: 'windows',
      line: 1,
      reason:
        'changes may begin in its windows only (sun 02:00–04:00); it is Sat 2026-11-28 13:00 Europe/Berlin, the next opens Sun 2026-11-29 02:00 Europe/Berlin',
    });
  });

  it('is of the time zone of the policy rather than of the host', () => {
    const tokyo = policy({ windows, time_zone: 'Asia/Tokyo' });
    expect(judgeMoment(tokyo, { epochMs: open, ...host })?.rule).toBe('windows');
    expect(judgeMoment(tokyo, { epochMs: Date.parse('2026-11-28T17:30:00Z'), ...host })).toBeUndefined();
  });

  it('that nobody can tell is in no window', () => {
    const weekly = policy({ windows });
    expect(judgeMoment(weekly, { epochMs: open, ...host, hostZone: undefined })?.reason).toMatch(
      /set time_zone$/,
    );
    expect(judgeMoment(weekly, { epochMs: open, ...host, clockFault: 'it is before 2020' })?.reason).toMatch(
      /clock of this host is in doubt: it is before 2020$/,
    );
  });
});

describe('a policy with faults', () => {
  it('forbids everything and says what they are', () => {
    const faulty = { file: '/etc/policy.yaml', faults: ['/etc/policy.yaml:1:1 windos: unknown key'] };
    expect(judgeReading(faulty)).toMatchObject({
      rule: '',
      line: null,
      reason: expect.stringContaining(
        'until they are mended nothing may be changed: /etc/policy.yaml:1:1 windos',
      ),
    });
    expect(judgeReading(policy({}))).toBeUndefined();
  });
});

describe('a package', () => {
  it('that fits no pattern may be touched', () => {
    expect(judgePackage(policy({ excluded_packages: ['a?c'] }), 'abbc')).toBeUndefined();
    expect(judgePackage(policy({ excluded_packages: ['a?c'] }), 'abc')?.packages).toEqual(['abc']);
  });
});
